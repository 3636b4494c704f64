// KJ's promises on libevent: one loop for both.
//
// Cap'n Proto RPC runs on KJ's event queue, the program on libevent's. The bridge is a
// kj::EventPort that schedules KJ's queue as an event of an event_base, so that promises, pipes,
// timers and the host's own events take turns in one loop and nobody waits for anybody. The queue
// runs in bounded turns: a promise that keeps arming itself does not hold up the host's events.
//
// Thread rule: belongs to the thread that made it. KJ allows one event loop a thread, so there is
// at most one bridge a thread; a second one is refused with std::logic_error. kj::Executor does
// not reach this thread (its calls fail as UNIMPLEMENTED): KJ gives a port no hint when somebody
// starts to use one, and a descriptor watched just in case would keep event_base_dispatch of a
// host that has nothing left to do from returning. Reactor::callFromThread is the door for other
// threads.
// Life: the event_base outlives the bridge; every KJ promise made on this thread, detached ones
// excepted, is gone before the bridge is. Detached promises are cancelled with it.
#pragma once

#include <event2/event.h>
#include <kj/async.h>

#include <memory>

namespace phial {

class LoopBridge {
 public:
  /// Joins `base`, borrowed. Throws std::logic_error when this thread has a KJ loop already.
  explicit LoopBridge(event_base& base);
  ~LoopBridge();
  LoopBridge(const LoopBridge&) = delete;
  LoopBridge& operator=(const LoopBridge&) = delete;

  /// The bridge of this thread, or null.
  static LoopBridge* current();

  event_base& base() const;

  /// For kj::Promise::wait at the top level, outside any callback of KJ's or of the event_base: a
  /// worker's main thread waits so, a master never does. While it waits, the event_base's events
  /// run. The wait throws std::logic_error from inside a callback of the event_base, and when no
  /// event is left that could end it; the promise can then only be dropped, before anything fulfils
  /// it. An event_base_loopbreak during a wait is not remembered.
  kj::WaitScope& waitScope();

  /// Runs what KJ has queued until nothing is left to run, without waiting for events. For the top
  /// level only: not from a KJ callback. Throws std::logic_error when the queue is running.
  void runQueue();

  /// True in a process that was forked from the bridge's own. KJ's queue is not run there.
  bool inherited() const;
  /// For an inherited bridge, which must then be kept for ever: this thread is free for another
  /// bridge. Nothing of KJ's queue is run or cancelled.
  void leave();

  /// True when KJ has something to run.
  bool runnable() const;

 private:
  class Port;
  std::unique_ptr<Port> port_;
};

}  // namespace phial
