#include "master/pool/settlement_queue.h"

#include <utility>

namespace phial::inline v1::detail {

void SettlementQueue::deliverNext() {
  auto [job, wait, failure, call] = std::move(queue_.front());
  queue_.pop_front();
  if (call) {
    call();
  } else if (job && failure) {
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
