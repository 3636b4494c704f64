// KJ's promises on libevent: one loop for both.
//
// Cap'n Proto RPC runs on KJ's event queue, the program on libevent's. The bridge is a
// kj::EventPort that runs KJ's queue as an event of an event_base. Promises, pipes, timers and the
// host's own events thus take turns in one loop. The queue runs in bounded turns: a promise that
// keeps scheduling itself does not hold up the host's events.
//
// Thread rule: a bridge belongs to the thread that made it. KJ allows one event loop for each
// thread; a second bridge is refused with std::logic_error. kj::Executor does not reach this thread
// (its calls fail as UNIMPLEMENTED): KJ does not tell a port when somebody starts to use one, and a
// descriptor that is always watched would keep event_base_dispatch of an idle host from returning.
// Other threads use Reactor::callFromThread.
//
// Life: the event_base must outlive the bridge. Every KJ promise of this thread must be gone before
// the bridge, except detached promises, which are cancelled with it.
#pragma once

#include <event2/event.h>
#include <kj/async.h>

#include <functional>
#include <memory>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

class LoopBridge {
 public:
  /// Joins `base`, borrowed. Throws std::logic_error when this thread already has a KJ loop.
  explicit LoopBridge(event_base& base);
  ~LoopBridge();
  LoopBridge(const LoopBridge&) = delete;
  LoopBridge& operator=(const LoopBridge&) = delete;

  /// The bridge of this thread, or null.
  static LoopBridge* current();

  event_base& base() const;

  /// Lets a loop of the program's join this bridge's event_base and share the bridge: a Reactor
  /// that a job makes joins its worker's loop. Otherwise a thread has one or the other.
  void allowSharing() { shared_ = true; }
  /// The bridge of this thread if it may be shared, otherwise null.
  static LoopBridge* toShare();

  /// For kj::Promise::wait at the top level, outside any callback of KJ or of the event_base: a
  /// worker's main thread waits this way, a master never does. While it waits, the events of the
  /// event_base run. The wait throws std::logic_error inside a callback of the event_base, and when
  /// no event is left that could end it; the promise can then only be dropped, before anything
  /// fulfils it. An event_base_loopbreak during a wait is forgotten.
  kj::WaitScope& waitScope();

  /// Runs what KJ has queued until nothing is left, without waiting for events. Only at the top
  /// level, not in a KJ callback. Throws std::logic_error when the queue is running.
  void runQueue();

  /// True in a process that was forked from the bridge's own. KJ's queue does not run there.
  bool inherited() const;
  /// Frees this thread for another bridge. For an inherited bridge, which must then be kept for
  /// ever. Nothing in KJ's queue is run or cancelled.
  void leave();

  /// True inside a callback of KJ's, where nothing may be waited for; also while runQueue() or a
  /// wait that says so by WaitsHere is on the stack.
  bool busy() const;

  /// Marks a wait at the top level, for busy(): KJ does not say in its callbacks who runs them.
  class WaitsHere {
   public:
    explicit WaitsHere(LoopBridge& bridge) : bridge_(bridge) { ++bridge_.waits_; }
    ~WaitsHere() { --bridge_.waits_; }
    WaitsHere(const WaitsHere&) = delete;
    WaitsHere& operator=(const WaitsHere&) = delete;

   private:
    LoopBridge& bridge_;
  };

  /// Calls `hook` whenever KJ's queue gets something to run outside its own turns: for a loop that
  /// must be told. Until the end of the bridge; the hook must not throw, nor use KJ.
  void onScheduled(std::function<void()> hook);

  /// True when KJ has something to run.
  bool runnable() const;

 private:
  class Port;
  std::unique_ptr<Port> port_;
  int waits_ = 0;
  bool shared_ = false;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
