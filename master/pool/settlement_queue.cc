#include "master/pool/settlement_queue.h"

#include <utility>

namespace phial::inline v1::detail {
namespace {

class OneCall final : public Notice {
 public:
  explicit OneCall(std::function<void()> call) : call_(std::move(call)) {}

  bool done() const override { return !call_; }
  void tellNext() override { std::exchange(call_, nullptr)(); }

 private:
  std::function<void()> call_;
};

}  // namespace

void SettlementQueue::notify(std::function<void()> call) {
  notify(Ref<Notice>(new OneCall(std::move(call))));
}

// A notice stays in front until all of it has been told, also when what it calls delivers the
// queue.
void SettlementQueue::deliverNext() {
  if (const Ref<Notice> notice = queue_.front().notice) {
    if (notice->done()) return queue_.pop_front();
    return notice->tellNext();
  }
  auto [job, wait, failure, none] = std::move(queue_.front());
  queue_.pop_front();
  if (job && failure) {
    job->refuse(std::move(*failure));
  } else if (job) {
    job->succeed();
  } else if (wait->called()) {
    return;  // cancelled since
  } else if (failure) {
    wait->errback(std::move(*failure));
  } else {
    wait->callback();
  }
}

}  // namespace phial::inline v1::detail
