// Time as an interface, so that a test can hold it still.
//
// A Clock tells the time and calls back later. Reactor implements it with the event loop's timers;
// ManualClock implements it for tests and moves only when told to. After Twisted's
// IReactorTime and twisted.internet.task.Clock.
//
// Thread rule: a Clock and its DelayedCalls belong to one thread, the loop's.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace phial {

/// Durations on a Clock, in nanoseconds; every std::chrono duration converts. It reaches to 292
/// years: a longer one, such as std::chrono::seconds::max(), overflows in std::chrono's own
/// conversion, before Phial sees it. For "never" write Duration::max().
using Duration = std::chrono::nanoseconds;
/// Points on a Clock. Steady: it never goes back, whatever the wall clock does.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// A call that a Clock will make, and the handle to stop or move it. Copies name the same call;
/// dropping every handle does not cancel it.
class DelayedCall {
 public:
  /// What a Clock implements for each call it has accepted.
  class Impl {
   public:
    virtual ~Impl() = default;
    virtual bool active() const = 0;
    virtual void cancel() = 0;
    virtual void moveTo(TimePoint when) = 0;
    virtual TimePoint when() const = 0;
    virtual TimePoint now() const = 0;
  };

  /// A handle to no call: never active.
  DelayedCall() = default;
  explicit DelayedCall(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

  /// True until the call has begun or was cancelled.
  bool active() const { return impl_ && impl_->active(); }
  /// Drops the call and what it captured. Returns whether it was active.
  bool cancel();
  /// Moves the call to `delay` from now. Returns whether it was active.
  bool reset(Duration delay);
  /// Moves the call `by` later than it was to be. Returns whether it was active.
  bool delay(Duration by);

 private:
  std::shared_ptr<Impl> impl_;
};

/// A source of time and of calls in the future.
class Clock {
 public:
  virtual ~Clock() = default;

  virtual TimePoint now() const = 0;

  /// Calls `f` once, not before `delay` has passed, never from inside this function. A delay of
  /// zero or less means the next turn of the loop. A delay that leads beyond the end of time, such
  /// as Duration::max(), ends there. Calls that are due run in the order of their
  /// times, equal times in the order in which they were asked for.
  virtual DelayedCall callLater(Duration delay, std::function<void()> f) = 0;
};

/// A clock that stands still until advanced; for tests.
class ManualClock final : public Clock {
 public:
  ManualClock();
  /// Drops the calls that are waiting, with all that they hold. Their handles become inert.
  ~ManualClock() override;
  ManualClock(const ManualClock&) = delete;
  ManualClock& operator=(const ManualClock&) = delete;

  TimePoint now() const override;
  DelayedCall callLater(Duration delay, std::function<void()> f) override;

  /// Moves time on by `by` (not negative) and makes the calls that come due, each at its own time:
  /// what a call asks for within the same span is made too, save calls of zero delay, which wait
  /// for the next advance.
  void advance(Duration by);

  /// How many calls are waiting.
  std::size_t pending() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace phial
