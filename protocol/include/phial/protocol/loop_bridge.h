// KJ's promises on libevent: one loop for both.
//
// Cap'n Proto RPC runs on KJ's event queue, the program on libevent's. The bridge is a
// kj::EventPort that schedules KJ's queue as an event of an event_base, so that promises, pipes,
// timers and the host's own events take turns in one loop and nobody waits for anybody.
//
// Thread rule: belongs to the thread that made it. KJ allows one event loop a thread, so there is
// at most one bridge a thread; a second one is refused with std::logic_error.
// Life: the event_base outlives the bridge; every KJ promise made on this thread is gone before
// the bridge is.
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

  /// For kj::Promise::wait at the top level, outside any KJ callback: a worker's main thread waits
  /// so, a master never does. While it waits, the event_base's events run.
  kj::WaitScope& waitScope();

  /// Runs what KJ has queued until nothing is left to run, without waiting for events. For the top
  /// level only: not from a KJ callback.
  void runQueue();

  /// True when KJ has something to run.
  bool runnable() const;

 private:
  class Port;
  std::unique_ptr<Port> port_;
};

}  // namespace phial
