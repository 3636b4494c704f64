// The triggers that are called when the loop is stopped (Reactor::addSystemEventTrigger), in three
// phases. After Twisted's _ThreePhaseEvent.
//
// fire() -> from the loop: all of `before` -> their Deferreds -> from the loop: `during`, `after`,
// then `finished`. Nothing is called inside the call that stops the loop or fires such a Deferred.
//
// Thread rule: the loop's thread.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/reactor.h>
#include <phial/protocol/fork_mark.h>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "master/reactor/call_guard.h"
#include "master/reactor/event.h"
#include "master/reactor/loop_bell.h"

namespace phial::inline v1::detail {

struct SystemTrigger {
  CallGuard* guard;
  std::function<Deferred<void>()> f;
};

class SystemEvents : public std::enable_shared_from_this<SystemEvents> {
 public:
  SystemEvents(event_base& base, LoopBell& bell, std::function<void()> finished);

  std::weak_ptr<SystemTrigger> add(CallGuard& guard, SystemEventPhase phase,
                                   std::function<Deferred<void>()> f);
  /// False when it is not here (any more); also for null.
  bool remove(const std::shared_ptr<SystemTrigger>& trigger);
  /// Drops the triggers of a Reactor that ends; what they have returned is not waited for.
  void dropCallsOf(const CallGuard& guard);
  bool empty() const;

  /// Begins, from the loop. REQUIRES: not under way.
  void fire();
  /// The loop was left meanwhile: the triggers that were not called stay for the next time.
  void abandon();

 private:
  using Trigger = std::shared_ptr<SystemTrigger>;
  enum class Step { kIdle, kBefore, kWaiting, kRest };

  std::deque<Trigger>& of(SystemEventPhase phase) {
    return triggers_[static_cast<std::size_t>(phase)];
  }
  void callFromLoop(Step step);
  void onEvent();
  void callBefore();
  void callRest();
  Outcome<void> settled(const Trigger& trigger, Outcome<void> outcome);
  void goOnUnlessWaiting();

  const ForkMark mark_;
  LoopBell& bell_;
  const std::function<void()> finished_;
  EventPtr event_;
  std::array<std::deque<Trigger>, 3> triggers_;
  std::vector<Trigger> awaited_;  // of `before`, whose Deferred has no result yet
  Step step_ = Step::kIdle;
};

}  // namespace phial::inline v1::detail
