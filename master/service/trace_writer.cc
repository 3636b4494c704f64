#include "master/service/trace_writer.h"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "master/service/trace_output.h"
#include "protocol/memory/quiet_thread.h"

namespace phial::inline v1::detail {
namespace {

constexpr std::size_t kMostWaitingBytes = std::size_t{8} << 20;
constexpr auto kMostAtEnd = std::chrono::seconds(1);

}  // namespace

struct TraceWriter::Shared {
  using Item = std::variant<Text, std::uint64_t>;

  Shared(Reactor& loop, std::string path, std::size_t maxFiles, Reports toTell)
      : reactor(&loop),
        reports(std::make_shared<Reports>(std::move(toTell))),
        output(std::move(path), maxFiles) {}

  // Has `call` made on the loop, unless the owner has gone.
  void tellLoop(std::function<void(const Reports&)> call) {
    const std::lock_guard lock(mutex);
    if (reactor == nullptr) return untold.push_back(std::move(call));
    reactor->callFromThread([weak = std::weak_ptr(reports), call = std::move(call)] {
      if (const auto still = weak.lock()) call(*still);
    });
  }

  std::mutex mutex;
  std::condition_variable changed;
  Reactor* reactor;                  // null: the owner has gone
  std::shared_ptr<Reports> reports;  // the loop's; null: the owner has gone
  std::deque<Item> items;
  std::size_t waitingBytes = 0;
  std::vector<std::function<void(const Reports&)>> untold;  // when the owner was waiting already
  bool ended = false;                                       // the thread has done all

  // The thread's own.
  TraceOutput output;
  bool failing = false;
};

TraceWriter::TraceWriter(Reactor& reactor, std::string path, std::size_t maxFiles, Reports reports)
    : shared_(std::make_shared<Shared>(reactor, std::move(path), maxFiles, std::move(reports))) {
  auto thread = startQuietThread([shared = shared_] { run(shared); });
  if (!thread) {
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again),
                            "there is no thread to write a trace");
  }
  thread_ = std::move(*thread);
}

TraceWriter::~TraceWriter() {
  std::unique_lock lock(shared_->mutex);
  shared_->reactor = nullptr;
  const auto reports = std::exchange(shared_->reports, nullptr);
  shared_->changed.notify_all();
  shared_->changed.wait_for(lock, kMostAtEnd, [&] { return shared_->ended; });
  const bool ended = shared_->ended;
  const auto untold = std::exchange(shared_->untold, {});
  lock.unlock();
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
  for (const auto& call : untold) call(*reports);
}

bool TraceWriter::write(Text text) {
  const std::size_t bytes = text.header.size() + text.events.size();
  const std::lock_guard lock(shared_->mutex);
  if (shared_->waitingBytes + bytes > kMostWaitingBytes) return false;
  shared_->waitingBytes += bytes;
  shared_->items.emplace_back(std::move(text));
  shared_->changed.notify_all();
  return true;
}

void TraceWriter::mark(std::uint64_t number) {
  const std::lock_guard lock(shared_->mutex);
  shared_->items.emplace_back(number);
  shared_->changed.notify_all();
}

void TraceWriter::run(const std::shared_ptr<Shared>& shared) {
  Shared& my = *shared;
  for (;;) {
    Shared::Item item;
    {
      std::unique_lock lock(my.mutex);
      my.changed.wait(lock, [&] { return !my.items.empty() || my.reactor == nullptr; });
      if (my.items.empty()) {
        my.ended = true;
        my.changed.notify_all();
        return;
      }
      item = std::move(my.items.front());
      my.items.pop_front();
    }
    if (const auto* mark = std::get_if<std::uint64_t>(&item)) {
      my.tellLoop([mark = *mark](const Reports& to) { to.reached(mark); });
      continue;
    }
    auto& text = std::get<Text>(item);
    const std::size_t bytes = text.header.size() + text.events.size();
    if (!text.header.empty()) my.output.beginFile(std::move(text.header));
    const auto failure = my.output.append(text.events);
    {
      const std::lock_guard lock(my.mutex);
      my.waitingBytes -= bytes;
    }
    if (failure) {
      my.tellLoop([jobs = text.jobs, failure = *failure, first = !my.failing](const Reports& to) {
        to.lost(jobs);
        if (first) to.failed(failure);
      });
    }
    my.failing = failure.has_value();
  }
}

}  // namespace phial::inline v1::detail
