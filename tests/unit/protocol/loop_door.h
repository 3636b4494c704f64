// Calls from other threads into a bare event_base, for tests.
#pragma once

#include <event2/event.h>
#include <kj/debug.h>
#include <kj/io.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace phial {

/// A way for other threads to have something called by the loop.
class LoopDoor {
 public:
  explicit LoopDoor(event_base& base)
      : event_(event_new(
            &base, fd_, EV_READ | EV_PERSIST,
            [](int, short, void* self) { static_cast<LoopDoor*>(self)->callAll(); }, this)) {
    KJ_ASSERT(event_add(event_, nullptr) == 0);
  }
  ~LoopDoor() { event_free(event_); }
  LoopDoor(const LoopDoor&) = delete;
  LoopDoor& operator=(const LoopDoor&) = delete;

  void add(std::function<void()> f) {
    const std::scoped_lock lock(mutex_);
    calls_.push_back(std::move(f));
    const std::uint64_t one = 1;
    KJ_ASSERT(write(fd_, &one, sizeof one) == sizeof one);
  }

 private:
  void callAll() {
    std::vector<std::function<void()>> calls;
    {
      const std::scoped_lock lock(mutex_);
      std::uint64_t count = 0;
      KJ_ASSERT(read(fd_, &count, sizeof count) == sizeof count);
      calls.swap(calls_);
    }
    for (const auto& call : calls) call();
  }

  std::mutex mutex_;
  std::vector<std::function<void()>> calls_;
  const kj::AutoCloseFd fd_{eventfd(0, EFD_CLOEXEC)};
  event* const event_;
};

}  // namespace phial
