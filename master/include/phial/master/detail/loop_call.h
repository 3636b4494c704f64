// A function that one thread asks a Reactor's loop to call, and the result on its way back. Part of
// the templates of blocking_call.h, eventual_result.h and blocking_pool.h; nothing here is for
// users.
//
// The asking thread and the loop share a LoopCall. Its stages, each entered once, with the lock
// held:
//
//   queued    the function has not been called; whoever gives up now keeps it from being called
//   calling   the loop is inside the function, which may use what its caller has lent to it
//   called    the function has returned; its Deferred may be pending
//   dropped   given up while it was queued
//
// `settled` of the WaitPoint is beside this: the result is there. It comes from the Deferred, or
// from giving up.
//
// The Deferred and its handle are the loop's alone. They are held by LoopResult, which a callback
// of the Deferred owns, so the loop destroys it; other threads reach it only by a weak pointer, on
// the loop.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/detail/thread_door.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// The point in time that lies `timeout` from now; empty for "never".
std::optional<TimePoint> deadlineOf(std::optional<Duration> timeout);

class LoopCall : public WaitPoint, public std::enable_shared_from_this<LoopCall> {
 public:
  virtual ~LoopCall() = default;

  /// Another thread: asks the loop behind `door`.
  void post(ThreadDoor& door);
  /// Any thread: the result is no longer wanted. If the function was not called, it never is, and
  /// the result is a CancelledError; otherwise the loop cancels its Deferred.
  void cancel(ThreadDoor& door);
  /// The caller leaves without a result, and with all that the function may have borrowed. Waits
  /// while the loop is inside the function. False when the result is there after all.
  bool giveUp();

 protected:
  enum class Stage { queued, calling, called, dropped };

  /// On the loop: calls the function and follows its Deferred.
  virtual void call() = 0;
  /// Destroys the function, which was not called.
  virtual void dropFunction() noexcept = 0;
  virtual void fail(Failure failure) = 0;
  /// On the loop: cancels what the function has returned.
  virtual void cancelResult() = 0;

 private:
  void begin();
  bool drop();

  Stage stage_ = Stage::queued;  // guarded by mutex
};

template <class T>
class LoopResult;

/// A LoopCall whose result is a T.
template <class T>
class LoopCallOf : public LoopCall {
 public:
  explicit LoopCallOf(std::shared_ptr<ThreadDoor> door) : door_(std::move(door)) {}
  ~LoopCallOf() override {
    if (outcome_ && !outcome_->ok() && !heard_) reportUnhandled(outcome_->failure());
  }

  ThreadDoor& door() const { return *door_; }

  /// Any thread: the result. Only the first counts. A failure that nobody can want is not reported.
  enum class Report { ifUnheard, never };
  void settle(Outcome<T> outcome, Report report = Report::ifUnheard) {
    const std::scoped_lock lock(mutex);
    if (settled) return;
    try {
      outcome_.emplace(std::move(outcome));
    } catch (...) {
      outcome_.emplace(Failure::current());
    }
    if (report == Report::never) heard_ = true;
    settled = true;
    changed.notify_all();
  }

  /// REQUIRES: settled, as the caller has seen with the lock held. From then on nothing changes it.
  Outcome<T>& outcome() {
    heard_ = true;
    return *outcome_;
  }
  /// A later failure by cancelling is not news.
  void ignoreCancellation() { ignoresCancellation_ = true; }

 protected:
  // Called by the function's type, on the loop.
  void follow(Deferred<T> deferred);

 private:
  friend class LoopResult<T>;

  void arrived(Outcome<T> outcome) {
    const bool ignored = ignoresCancellation_.load() && !outcome.ok() &&
                         outcome.failure().template check<CancelledError>();
    settle(std::move(outcome), ignored ? Report::never : Report::ifUnheard);
  }
  void fail(Failure failure) override {
    const auto report = ignoresCancellation_.load() || failure.check<ReactorStopped>()
                            ? Report::never
                            : Report::ifUnheard;
    settle(std::move(failure), report);
  }
  void cancelResult() override;

  const std::shared_ptr<ThreadDoor> door_;
  std::weak_ptr<LoopResult<T>> result_;  // of the loop's thread
  std::optional<Outcome<T>> outcome_;    // guarded by mutex until settled
  std::atomic<bool> heard_ = false;
  std::atomic<bool> ignoresCancellation_ = false;
};

/// The loop's part: owned by the callback that waits for the Deferred.
template <class T>
class LoopResult {
 public:
  LoopResult(std::shared_ptr<LoopCallOf<T>> call, DeferredHandle handle)
      : call_(std::move(call)), handle_(std::move(handle)) {}
  /// Destroyed without a result: everybody who could fire the Deferred is gone.
  ~LoopResult() {
    if (!call_) return;
    if (call_->door().ended()) {
      call_->settle(Failure(ReactorStopped()), LoopCallOf<T>::Report::never);
    } else {
      call_->settle(Failure(std::future_error(std::future_errc::broken_promise)));
    }
  }
  LoopResult(const LoopResult&) = delete;
  LoopResult& operator=(const LoopResult&) = delete;

  void arrived(Outcome<T> outcome) {
    if (const auto call = std::exchange(call_, nullptr)) call->arrived(std::move(outcome));
  }
  void cancel() const { handle_.cancel(); }

 private:
  std::shared_ptr<LoopCallOf<T>> call_;
  const DeferredHandle handle_;
};

template <class T>
void LoopCallOf<T>::follow(Deferred<T> deferred) {
  auto self = std::static_pointer_cast<LoopCallOf<T>>(this->shared_from_this());
  auto result = std::make_shared<LoopResult<T>>(std::move(self), deferred.handle());
  result_ = result;
  std::move(deferred).addBoth(
      [result = std::move(result)](Outcome<T> outcome) { result->arrived(std::move(outcome)); });
}

template <class T>
void LoopCallOf<T>::cancelResult() {
  if (const auto result = result_.lock()) result->cancel();
}

/// The T of the Deferred that f() gives.
template <class F>
using LoopResultOf = Lifted<ReturnOf<F, void>>;

template <class F>
class LoopCallTo final : public LoopCallOf<LoopResultOf<F>> {
 public:
  LoopCallTo(std::shared_ptr<ThreadDoor> door, F f)
      : LoopCallOf<LoopResultOf<F>>(std::move(door)), f_(std::move(f)) {}

 private:
  void call() override {
    F f = std::move(*f_);
    f_.reset();
    this->follow(maybeDeferred(std::move(f)));
  }
  void dropFunction() noexcept override { f_.reset(); }

  std::optional<F> f_;
};

template <class F>
std::shared_ptr<LoopCallOf<LoopResultOf<F>>> postCall(const std::shared_ptr<ThreadDoor>& door,
                                                      F f) {
  auto call = std::make_shared<LoopCallTo<F>>(door, std::move(f));
  call->post(*door);
  return call;
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
