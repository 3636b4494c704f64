#include "master/reactor/system_events.h"

#include <algorithm>
#include <utility>

namespace phial::inline v1::detail {
namespace {

using Trigger = std::shared_ptr<SystemTrigger>;

// Moves the triggers of `guard` to `dropped`.
template <class Triggers>
void take(Triggers& from, const CallGuard& guard, std::vector<Trigger>& dropped) {
  for (auto& trigger : std::exchange(from, {})) {
    if (trigger->guard == &guard) {
      dropped.push_back(std::move(trigger));
    } else {
      from.push_back(std::move(trigger));
    }
  }
}

}  // namespace

SystemEvents::SystemEvents(event_base& base, LoopBell& bell, std::function<void()> finished)
    : bell_(bell),
      finished_(std::move(finished)),
      event_(makeEvent<&SystemEvents::onEvent>(base, -1, 0, this)) {}

std::weak_ptr<SystemTrigger> SystemEvents::add(CallGuard& guard, SystemEventPhase phase,
                                               std::function<Deferred<void>()> f) {
  return of(phase).emplace_back(std::make_shared<SystemTrigger>(&guard, std::move(f)));
}

bool SystemEvents::remove(const Trigger& trigger) {
  for (auto& phase : triggers_) {
    const auto found = std::find(phase.begin(), phase.end(), trigger);
    if (found == phase.end()) continue;
    phase.erase(found);
    return true;  // the caller's reference is the last: what the function holds may call in here
  }
  return false;
}

void SystemEvents::dropCallsOf(const CallGuard& guard) {
  std::vector<Trigger> dropped;  // destroyed when everything is in order again
  for (auto& phase : triggers_) take(phase, guard, dropped);
  take(awaited_, guard, dropped);
  goOnUnlessWaiting();
}

bool SystemEvents::empty() const {
  return std::all_of(triggers_.begin(), triggers_.end(), [](const auto& t) { return t.empty(); });
}

void SystemEvents::fire() { callFromLoop(Step::kBefore); }

void SystemEvents::abandon() {
  step_ = Step::kIdle;
  event_del(event_.get());
  const auto dropped = std::exchange(awaited_, {});
}

void SystemEvents::callFromLoop(Step step) {
  step_ = step;
  event_active(event_.get(), EV_TIMEOUT, 0);
  bell_.noteDue();
}

void SystemEvents::onEvent() {
  if (mark_.inherited()) return;
  const auto self = shared_from_this();
  if (step_ == Step::kBefore) {
    callBefore();
  } else if (step_ == Step::kRest) {
    callRest();
  }
}

void SystemEvents::callBefore() {
  // A trigger may add another one, which is called too.
  for (auto& before = of(SystemEventPhase::before); !before.empty();) {
    const Trigger trigger = std::move(before.front());
    before.pop_front();
    awaited_.push_back(trigger);
    maybeDeferred(trigger->f).addBoth([weak = weak_from_this(), trigger](Outcome<void> outcome) {
      const auto self = weak.lock();
      return self ? self->settled(trigger, std::move(outcome)) : outcome;
    });
  }
  step_ = Step::kWaiting;
  goOnUnlessWaiting();
}

// What nobody waits for any more is passed on: a failure is then reported as unhandled.
Outcome<void> SystemEvents::settled(const Trigger& trigger, Outcome<void> outcome) {
  if (std::erase(awaited_, trigger) == 0) return outcome;
  goOnUnlessWaiting();
  if (!outcome.ok()) trigger->guard->call([&] { outcome.failure().rethrow(); });
  return {};
}

void SystemEvents::goOnUnlessWaiting() {
  if (step_ == Step::kWaiting && awaited_.empty()) callFromLoop(Step::kRest);
}

void SystemEvents::callRest() {
  for (const auto phase : {SystemEventPhase::during, SystemEventPhase::after}) {
    for (auto& triggers = of(phase); !triggers.empty();) {
      const Trigger trigger = std::move(triggers.front());
      triggers.pop_front();
      trigger->guard->call([&] { trigger->f(); });
    }
  }
  step_ = Step::kIdle;
  finished_();
}

}  // namespace phial::inline v1::detail
