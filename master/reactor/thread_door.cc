#include <phial/master/detail/thread_door.h>
#include <phial/protocol/error.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "master/reactor/loop_waits.h"
#include "master/reactor/reactor_core.h"
#include "master/reactor/thread_queue.h"

namespace phial::inline v1::detail {

ThreadDoor::ThreadDoor(std::shared_ptr<ThreadQueue> queue, std::shared_ptr<LoopWaits> waits)
    : queue_(std::move(queue)), waits_(std::move(waits)) {}

ThreadDoor::~ThreadDoor() = default;

const std::shared_ptr<ThreadDoor>& ThreadDoor::of(const Reactor& reactor) {
  return reactor.core_->door;
}

void ThreadDoor::post(std::function<void()> f) { queue_->add(std::move(f)); }

void ThreadDoor::requireOtherThread(const char* call) const {
  if (std::this_thread::get_id() != loopThread_) return;
  throw std::logic_error(std::string(call) +
                         " was called on the reactor's own thread, which would wait for itself: "
                         "add a callback to the Deferred instead, or co_await it");
}

// The locks of a forked process may be held by threads that it does not have.
WaitEnd ThreadDoor::wait(WaitPoint& point, std::optional<TimePoint> deadline) {
  if (mark_.inherited()) return WaitEnd::stopped;
  return waits_->wait(*this, point, deadline);
}

std::uint64_t ThreadDoor::stash(std::any value) {
  const std::scoped_lock lock(mutex_);
  if (ended()) throw ReactorStopped();  // it would keep the door, which would keep it
  stashed_.emplace(++lastStashed_, std::move(value));
  return lastStashed_;
}

std::any ThreadDoor::take(std::uint64_t number) {
  const std::scoped_lock lock(mutex_);
  auto found = stashed_.extract(number);
  if (found) return std::move(found.mapped());
  throw std::out_of_range("retrieve: nothing is stashed under number " + std::to_string(number));
}

std::uint64_t ThreadDoor::keep(std::function<void()> f) {
  if (!ended_) kept_.emplace(++lastKept_, std::move(f));
  return lastKept_;
}

void ThreadDoor::finish(std::uint64_t number) {
  const auto found = kept_.extract(number);
  if (found) found.mapped()();
}

void ThreadDoor::drop(std::uint64_t number) { kept_.extract(number); }

// First the mark: a thread that comes from now on finds it.
void ThreadDoor::end() {
  ended_ = true;
  waits_->end(*this);
  queue_->close();
  // What is destroyed here may call in again.
  const auto dropped = std::exchange(kept_, {});
  std::map<std::uint64_t, std::any> forgotten;
  const std::scoped_lock lock(mutex_);
  forgotten.swap(stashed_);
}

}  // namespace phial::inline v1::detail
