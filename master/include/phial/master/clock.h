// Time as an interface, so that tests can control it.
//
// A Clock tells the time and makes calls later. Reactor implements it with the event loop's timers.
// ManualClock implements it for tests: its time moves only when advance() is called. After
// Twisted's IReactorTime and twisted.internet.task.Clock.
//
// Thread rule: a Clock and its DelayedCalls belong to one thread, the loop's.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// A duration on a Clock, in nanoseconds. Every std::chrono duration converts to it. The range is
/// 292 years: a longer duration, such as std::chrono::seconds::max(), overflows inside
/// std::chrono's conversion, before Phial sees it. For "never" write Duration::max().
using Duration = std::chrono::nanoseconds;
/// A point on a Clock. Clocks are steady: time never goes back, whatever the wall clock does.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// A handle to a call that a Clock will make. cancel() stops the call; reset() and delay() move it.
/// Copies refer to the same call. Dropping every handle does not cancel the call.
class DelayedCall {
 public:
  /// What a Clock implements for each call that it has accepted.
  class Impl {
   public:
    virtual ~Impl() = default;
    virtual bool active() const = 0;
    virtual void cancel() = 0;
    virtual void moveTo(TimePoint when) = 0;
    virtual TimePoint when() const = 0;
    virtual TimePoint now() const = 0;
  };

  /// A handle to no call; never active.
  DelayedCall() = default;
  explicit DelayedCall(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

  /// True until the call has begun or was cancelled.
  bool active() const { return impl_ && impl_->active(); }
  /// Cancels the call and destroys its function. Returns true if the call was active.
  bool cancel();
  /// Moves the call to `delay` from now. Returns true if the call was active.
  bool reset(Duration delay);
  /// Moves the call later by `by`. Returns true if the call was active.
  bool delay(Duration by);

 private:
  std::shared_ptr<Impl> impl_;
};

/// A source of time and of calls in the future.
class Clock {
 public:
  virtual ~Clock() = default;

  /// The current time on this clock.
  virtual TimePoint now() const = 0;

  /// Calls `f` once, after `delay`, and never inside this function. If `delay` is zero or negative,
  /// the call comes in the next turn of the loop. If the delay leads beyond the last TimePoint, as
  /// Duration::max() does, the call is due at the last TimePoint. Calls run in the order of their
  /// times; calls due at the same time run in the order in which they were asked for.
  virtual DelayedCall callLater(Duration delay, std::function<void()> f) = 0;
};

/// A clock that stands still until it is advanced; for tests.
class ManualClock final : public Clock {
 public:
  ManualClock();
  /// Drops the waiting calls and everything that they hold. Their handles become inactive.
  ~ManualClock() override;
  ManualClock(const ManualClock&) = delete;
  ManualClock& operator=(const ManualClock&) = delete;

  TimePoint now() const override;
  DelayedCall callLater(Duration delay, std::function<void()> f) override;

  /// Moves the time forward by `by` and makes the calls that become due, each at its own time. If
  /// such a call asks for a further call inside the same span, this call is made too; a call with a
  /// delay of zero waits for the next advance(). Throws std::invalid_argument when `by` is
  /// negative.
  void advance(Duration by);

  /// The number of calls that are waiting.
  std::size_t pending() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
