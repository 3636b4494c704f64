// What other threads hold of a Reactor: a way in that stays safe when the Reactor ends.
//
// Reactor::callFromThread needs a living Reactor. A thread that works or waits for a while cannot
// know that, so it shares the Reactor's ThreadDoor. After the Reactor's end the door leads nowhere:
// what is posted is destroyed, and a wait ends at once. Part of the templates of threads.h,
// blocking_call.h and eventual_result.h; nothing here is for users.
//
// Thread rule: any thread, except where a member says otherwise.
#pragma once

#include <phial/master/clock.h>
#include <phial/protocol/fork_mark.h>

#include <any>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

class Reactor;

namespace detail {

class LoopWaits;
class ThreadQueue;

/// What a thread waits for and the loop brings.
struct WaitPoint {
  std::mutex mutex;
  std::condition_variable changed;
  bool settled = false;  ///< guarded by mutex; notify `changed` after setting it
};

enum class WaitEnd { settled, timedOut, stopped };

class ThreadDoor {
 public:
  ThreadDoor(std::shared_ptr<ThreadQueue> queue, std::shared_ptr<LoopWaits> waits);
  ~ThreadDoor();
  ThreadDoor(const ThreadDoor&) = delete;
  ThreadDoor& operator=(const ThreadDoor&) = delete;

  /// REQUIRES: the Reactor is alive.
  static const std::shared_ptr<ThreadDoor>& of(const Reactor& reactor);

  /// As Reactor::callFromThread. After the end of the Reactor, and in a forked process, `f` is
  /// destroyed on the calling thread.
  void post(std::function<void()> f);

  /// Throws std::logic_error on the loop's thread, which would wait for itself.
  void requireOtherThread(const char* call) const;
  /// Waits until `point` is settled, `deadline` has passed, or the loop stops or has stopped.
  WaitEnd wait(WaitPoint& point, std::optional<TimePoint> deadline);
  /// True from the destructor of the Reactor on, and in a forked process.
  bool ended() const { return ended_.load() || mark_.inherited(); }

  /// Keeps `value` until take() with the number that this returns, or the end of the Reactor.
  /// Throws ReactorStopped after that end.
  std::uint64_t stash(std::any value);
  /// Throws std::out_of_range when nothing is kept under this number.
  std::any take(std::uint64_t number);

  // --- On the loop's thread ---

  /// Keeps `f`, which is of the loop's thread alone, while a thread works towards it. Returns a
  /// number for finish() and drop().
  std::uint64_t keep(std::function<void()> f);
  /// Calls what was kept. Does nothing when it was dropped.
  void finish(std::uint64_t number);
  void drop(std::uint64_t number);
  /// The Reactor ends: ends every wait, and drops what was posted or kept.
  void end();

 private:
  const ForkMark mark_;
  const std::thread::id loopThread_ = std::this_thread::get_id();
  const std::shared_ptr<ThreadQueue> queue_;
  const std::shared_ptr<LoopWaits> waits_;
  std::atomic<bool> ended_ = false;

  // Of the loop's thread alone.
  std::unordered_map<std::uint64_t, std::function<void()>> kept_;
  std::uint64_t lastKept_ = 0;

  std::mutex mutex_;
  std::map<std::uint64_t, std::any> stashed_;  // guarded by mutex_
  std::uint64_t lastStashed_ = 0;              // guarded by mutex_
};

}  // namespace detail
}  // namespace phial::inline v1

#pragma GCC visibility pop
