// The threads that wait for something from a loop, so that none waits for a loop that has stopped.
//
// A loop that is never run again brings nothing. Each wait is therefore entered here, and the end
// of the loop, or of the Reactor that was asked, ends the wait.
//
// Thread rule: each member says which thread. Locks: mutex_ before a WaitPoint's mutex.
#pragma once

#include <phial/master/detail/thread_door.h>

#include <mutex>
#include <optional>
#include <unordered_set>

namespace phial::inline v1::detail {

class LoopWaits {
 public:
  /// The loop's thread: run() was called, or the first turn has begun. Waits may begin.
  void open();
  /// The loop's thread: the loop stops. Ends all waits, and refuses others until open().
  void stop();
  /// The loop's thread: ends the waits for one Reactor.
  void end(const ThreadDoor& door);

  /// Another thread: waits until `point` is settled, `deadline` has passed, the loop stops or the
  /// Reactor of `door` ends. What `point` has counts first.
  WaitEnd wait(const ThreadDoor& door, WaitPoint& point, std::optional<TimePoint> deadline);

 private:
  struct Entry {
    const ThreadDoor& door;
    WaitPoint& point;
    bool over = false;  // guarded by the point's mutex
  };

  bool enter(Entry& entry);
  void leave(Entry& entry);
  static void endOne(Entry& entry);

  std::mutex mutex_;
  bool stopped_ = false;                // guarded by mutex_
  std::unordered_set<Entry*> entries_;  // guarded by mutex_; each lies in its thread's frame
};

}  // namespace phial::inline v1::detail
