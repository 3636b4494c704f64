// What all Reactors of one thread share: the event_base, KJ's queue on it, and whether it runs.
//
// KJ allows one event loop a thread. Two libraries in one program may still make a Reactor each, as
// long as both join the same event_base: the first one makes the Loop, the others find it by their
// thread. Timers, watches and queues are each Reactor's own, so that one that ends takes its own
// pending calls with it and leaves the other's alone.
//
// Thread rule: the thread that made it. Life: until the last Reactor that shares it ends, in
// whatever order they do.
#pragma once

#include <event2/event.h>
#include <phial/master/clock.h>
#include <phial/protocol/fork_mark.h>
#include <phial/protocol/loop_bridge.h>

#include <deque>
#include <functional>
#include <memory>

#include "master/reactor/call_guard.h"
#include "master/reactor/event.h"
#include "master/reactor/loop_bell.h"
#include "master/reactor/loop_waits.h"
#include "master/reactor/owner_thread.h"
#include "master/reactor/system_events.h"

namespace phial::inline v1::detail {

struct BaseFree {
  void operator()(event_base* base) const { event_base_free(base); }
};
using OwnedBase = std::unique_ptr<event_base, BaseFree>;

class Loop final : public std::enable_shared_from_this<Loop> {
  struct Private {};

 public:
  /// A Loop with an event_base of its own; on the main thread of a worker, one on the worker's.
  /// Throws Error when the system refuses a descriptor, std::logic_error when this thread has a
  /// Loop, or a foreign KJ loop, already.
  static std::shared_ptr<Loop> create();
  /// This thread's Loop on `base`, which is borrowed; a new one where there is none. Throws
  /// std::logic_error that names both when the thread's Loop is on another base.
  static std::shared_ptr<Loop> join(event_base& base);

  Loop(Private, event_base& base, OwnedBase owned);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  event_base& base() const { return base_; }
  const OwnerThread& thread() const { return thread_; }

  /// For the copy in a forked child, which is kept for ever: the thread is free for another Loop.
  void leave();

  void run();
  /// Makes turns until nothing is due, the loop is stopped, or `most` has passed.
  void dispatch(Duration most);
  void stop();
  /// The threads that wait for this loop.
  const std::shared_ptr<LoopWaits>& waits() const { return waits_; }
  bool running() const { return state_ == State::kRunning || state_ == State::kEnding; }

  /// Rung by what becomes due without a descriptor that shows it.
  LoopBell& bell() { return bell_; }
  SystemEvents& systemEvents() { return *systemEvents_; }

  /// Calls `f` through `guard` in the loop's first turn. REQUIRES: not running().
  void callWhenRunning(CallGuard& guard, std::function<void()> f);
  /// Drops the calls that were to be made through `guard`.
  void dropCallsOf(const CallGuard& guard);

 private:
  static Loop* ofThisThread();
  static std::unique_ptr<LoopBridge> bridgeFor(event_base& base);

  // Ending: the system event triggers are called. Stopping ends with run(), or, when the host
  // dispatches, with the first turn of its next loop.
  enum class State { kIdle, kRunning, kEnding, kStopping };

  struct WhenRunning {
    CallGuard* guard;
    std::function<void()> f;
  };

  void leaveLoop();
  void onFirstTurn();
  void onLoopLeft();

  const ForkMark mark_;
  const OwnerThread thread_;
  OwnedBase owned_;  // before all that is on it
  event_base& base_;
  bool insideRun_ = false;  // inside run() or dispatch()
  LoopBell bell_{base_, insideRun_};
  const std::shared_ptr<SystemEvents> systemEvents_;
  // Before all that may hold promises: its own, or the worker's that it has joined.
  std::unique_ptr<LoopBridge> ownBridge_;
  LoopBridge& bridge_;
  EventPtr firstTurn_;
  const std::shared_ptr<LoopWaits> waits_ = std::make_shared<LoopWaits>();
  std::deque<WhenRunning> whenRunning_;
  State state_ = State::kIdle;
  bool hasRun_ = false;         // its first turn has been
  bool stopRequested_ = false;  // before that
};

}  // namespace phial::inline v1::detail
