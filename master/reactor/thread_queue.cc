#include "master/reactor/thread_queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

namespace phial::inline v1::detail {

ThreadQueue::ThreadQueue(event_base& base, CallGuard& guard)
    : guard_(guard),
      eventFd_(checkedFd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")),
      event_(makeEvent<&ThreadQueue::drain>(base, eventFd_.get(), EV_READ | EV_PERSIST, this)) {
  if (event_add(event_.get(), nullptr) != 0) throw Error("cannot watch the eventfd");
}

void ThreadQueue::add(std::function<void()> f) {
  if (mark_.inherited()) return;
  const std::scoped_lock lock(mutex_);
  if (closed_) return;
  calls_.push_back(std::move(f));
  if (calls_.size() == 1) wake();
}

void ThreadQueue::close() {
  std::deque<std::function<void()>> dropped;  // destroyed when the lock is free again
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  dropped.swap(calls_);
  event_.reset();
  eventFd_ = nullptr;
}

void ThreadQueue::drain() {
  if (guard_.inherited()) return;
  const auto calls = takeSome();
  for (const auto& f : calls) guard_.call(f);
}

std::vector<std::function<void()>> ThreadQueue::takeSome() {
  const std::scoped_lock lock(mutex_);
  std::uint64_t count;
  [[maybe_unused]] const auto n = read(eventFd_.get(), &count, sizeof count);
  const auto end =
      calls_.begin() + static_cast<std::ptrdiff_t>(std::min(calls_.size(), kCallsPerTurn));
  std::vector<std::function<void()>> taken(std::move_iterator(calls_.begin()),
                                           std::move_iterator(end));
  calls_.erase(calls_.begin(), end);
  if (!calls_.empty()) wake();
  return taken;
}

void ThreadQueue::wake() {
  const std::uint64_t one = 1;
  // Cannot fail: the counter holds two at most.
  [[maybe_unused]] const auto n = write(eventFd_.get(), &one, sizeof one);
}

}  // namespace phial::inline v1::detail
