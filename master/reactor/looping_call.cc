#include <phial/master/tasks.h>
#include <phial/protocol/saturating_time.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace phial::inline v1 {

class LoopingCall::State : public std::enable_shared_from_this<State> {
 public:
  State(Clock& clock, Function f) : clock_(clock), f_(std::move(f)) {}

  Deferred<void> start(Duration interval, First first) {
    if (run_) throw std::logic_error("LoopingCall::start: it is running");
    if (interval < Duration::zero()) throw std::logic_error("LoopingCall::start: interval < 0");
    run_ = std::make_shared<Run>();
    auto made = newDeferred<void>([weak = weak_from_this(), run = std::weak_ptr(run_)] {
      const auto self = weak.lock();
      if (self && self->run_ == run.lock()) self->halt();
    });
    run_->done = std::move(made.resolver);
    interval_ = interval;
    origin_ = clock_.now();
    lastBeat_ = first == First::atOnce ? -1 : 0;
    first == First::atOnce ? beat() : schedule();
    return std::move(made.deferred);
  }

  void stop() {
    const auto run = halt();
    // While a call is waited for, its end is this run's end: it may still fail.
    if (run && !run->calling) tell(*run, {});
  }

  // The end of the LoopingCall: the Deferred of start() is left pending.
  void abandon() {
    if (const auto run = halt()) run->done.reset();
  }

  bool running() const { return run_ != nullptr; }

 private:
  // One start(), until its Deferred has fired.
  struct Run {
    std::optional<Resolver<void>> done;  // none: nobody is to hear
    bool calling = false;                // a call has been made and is waited for
  };

  // Without firing the Deferred.
  std::shared_ptr<Run> halt() {
    next_.cancel();
    return std::exchange(run_, nullptr);
  }

  // Fires the run's Deferred. False when nobody waits for it: it was cancelled, or abandoned.
  static bool tell(Run& run, const Outcome<void>& outcome) {
    const auto done = std::exchange(run.done, std::nullopt);
    if (!done || done->called()) return false;
    if (outcome.ok()) {
      done->callback();
    } else {
      done->errback(outcome.failure());
    }
    return true;
  }

  // The last beat that is not in the future.
  std::int64_t currentBeat() const {
    if (interval_ == Duration::zero()) return lastBeat_ + 1;
    return (clock_.now() - origin_) / interval_;
  }

  void beat() {
    const std::int64_t beat = currentBeat();
    const std::int64_t passed = beat - std::exchange(lastBeat_, beat);
    // Both before the call, which may start this anew or destroy it.
    const auto self = shared_from_this();
    const auto run = run_;
    run->calling = true;
    maybeDeferred(f_, passed).addBoth([self, run](Outcome<void> outcome) {
      return self->afterCall(run, std::move(outcome));
    });
  }

  Outcome<void> afterCall(const std::shared_ptr<Run>& run, Outcome<void> outcome) {
    run->calling = false;
    const bool goesOn = run_ == run;  // not if it was stopped, or even started anew, meanwhile
    if (goesOn && outcome.ok()) {
      schedule();
      return {};
    }
    if (goesOn) halt();
    if (tell(*run, outcome)) return {};
    return outcome;  // a failure that nobody hears of is reported as unhandled
  }

  void schedule() {
    const std::int64_t beat = interval_ == Duration::zero() ? 0 : currentBeat() + 1;
    const auto when = detail::saturatingAdd(origin_, detail::saturatingMultiply(interval_, beat));
    const Duration delay = detail::saturatingSubtract(when, clock_.now());
    next_ = clock_.callLater(std::max(delay, Duration::zero()), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->beat();
    });
  }

  Clock& clock_;
  Function f_;
  DelayedCall next_;
  std::shared_ptr<Run> run_;  // null while it does not run
  Duration interval_{};
  TimePoint origin_;
  std::int64_t lastBeat_ = 0;
};

LoopingCall::LoopingCall(Clock& clock, Function f, Wrapped)
    : state_(std::make_shared<State>(clock, std::move(f))) {}
LoopingCall::~LoopingCall() { state_->abandon(); }

Deferred<void> LoopingCall::start(Duration interval, First first) {
  return state_->start(interval, first);
}
void LoopingCall::stop() { state_->stop(); }
bool LoopingCall::running() const { return state_->running(); }

}  // namespace phial::inline v1
