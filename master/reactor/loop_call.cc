#include <phial/master/detail/loop_call.h>
#include <phial/protocol/saturating_time.h>

#include <chrono>
#include <utility>

namespace phial::inline v1::detail {

std::optional<TimePoint> deadlineOf(std::optional<Duration> timeout) {
  if (!timeout) return std::nullopt;
  const TimePoint deadline = saturatingAdd(TimePoint(std::chrono::steady_clock::now()), *timeout);
  if (deadline == TimePoint::max()) return std::nullopt;
  return deadline;
}

void LoopCall::post(ThreadDoor& door) {
  // The queue keeps its functions for a while after they were called, but not what is theirs.
  door.post([self = shared_from_this()]() mutable { std::exchange(self, nullptr)->begin(); });
}

void LoopCall::begin() {
  {
    const std::scoped_lock lock(mutex);
    if (stage_ != Stage::queued) return;
    stage_ = Stage::calling;
  }
  try {
    call();
  } catch (...) {
    fail(Failure::current());  // moving the function has thrown, or there was no memory
  }
  const std::scoped_lock lock(mutex);
  stage_ = Stage::called;
  changed.notify_all();
}

// True when the function has not been called and never will be.
bool LoopCall::drop() {
  {
    const std::scoped_lock lock(mutex);
    if (stage_ != Stage::queued) return stage_ == Stage::dropped;
    stage_ = Stage::dropped;
  }
  dropFunction();
  return true;
}

void LoopCall::cancel(ThreadDoor& door) {
  if (drop()) return fail(Failure(CancelledError()));
  // After the function has returned: the loop does one thing at a time.
  door.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->cancelResult();
  });
}

bool LoopCall::giveUp() {
  if (drop()) return true;
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return stage_ != Stage::calling; });
  return !settled;
}

}  // namespace phial::inline v1::detail
