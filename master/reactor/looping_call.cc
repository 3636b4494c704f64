#include <phial/master/tasks.h>

#include <algorithm>
#include <stdexcept>

namespace phial {

class LoopingCall::State : public std::enable_shared_from_this<State> {
 public:
  State(Clock& clock, Function f) : clock_(clock), f_(std::move(f)) {}

  Deferred<void> start(Duration interval, First first) {
    if (running_) throw std::logic_error("LoopingCall::start: it is running");
    if (interval < Duration::zero()) throw std::logic_error("LoopingCall::start: interval < 0");
    auto made = newDeferred<void>([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->halt();
    });
    done_ = std::move(made.resolver);
    running_ = true;
    ++run_;
    interval_ = interval;
    origin_ = clock_.now();
    lastBeat_ = first == First::kAtOnce ? -1 : 0;
    first == First::kAtOnce ? beat() : schedule();
    return std::move(made.deferred);
  }

  void stop() {
    if (!running_) return;
    halt();
    const auto done = std::exchange(done_, {});
    done.callback();
  }

  // Without firing the Deferred.
  void halt() {
    running_ = false;
    next_.cancel();
  }

  bool running() const { return running_; }

 private:
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
    maybeDeferred(f_, passed).addBoth([self, run](Outcome<void> outcome) {
      // Not if it was stopped, or even started anew, in the meantime.
      if (self->running_ && self->run_ == run) self->afterCall(std::move(outcome));
    });
  }

  void afterCall(Outcome<void> outcome) {
    if (outcome.ok()) return schedule();
    halt();
    const auto done = std::exchange(done_, {});
    done.errback(outcome.failure());
  }

  void schedule() {
    const std::int64_t beat = interval_ == Duration::zero() ? 0 : currentBeat() + 1;
    const Duration delay = origin_ + beat * interval_ - clock_.now();
    next_ = clock_.callLater(std::max(delay, Duration::zero()), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->beat();
    });
  }

  Clock& clock_;
  Function f_;
  Resolver<void> done_;
  DelayedCall next_;
  bool running_ = false;
  std::uint64_t run_ = 0;  // which start() this is
  Duration interval_{};
  TimePoint origin_;
  std::int64_t lastBeat_ = 0;
};

LoopingCall::LoopingCall(Clock& clock, Function f, Wrapped)
    : state_(std::make_shared<State>(clock, std::move(f))) {}
LoopingCall::~LoopingCall() { state_->halt(); }

Deferred<void> LoopingCall::start(Duration interval, First first) {
  return state_->start(interval, first);
}
void LoopingCall::stop() { state_->stop(); }
bool LoopingCall::running() const { return state_->running(); }

}  // namespace phial
