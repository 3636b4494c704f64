// co_await for Deferred, and coroutines that return a Deferred.
//
//     phial::Deferred<int> sum(phial::Deferred<int> a, phial::Deferred<int> b) {
//       int first = co_await std::move(a);
//       int second = co_await std::move(b);
//       co_return first + second;
//     }
//
// A coroutine runs at once, up to its first co_await of a Deferred that has no result yet. It
// resumes inside the call that fires this Deferred. What the coroutine returns or throws is the
// result of its own Deferred. A failed Deferred throws its exception at the co_await. If a job
// threw a standard exception, the co_await throws this exception; otherwise it throws RemoteError.
//
// To await something after a failure, take the result as a value, because a catch block cannot
// await:
//
//     phial::Outcome<int> outcome = co_await std::move(d).outcome();  // never throws
//     if (!outcome.ok()) co_await undo();
//
// g++ 12 miscompiles some temporaries inside a co_await expression: it copies the temporary bit by
// bit and destroys both copies, which frees memory twice. Three kinds of temporaries are in danger:
// - aggregates that own memory: `co_await f({.name = "x"})`, `f(Shape{...})`, a std::array of
//   owners;
// - closures that capture an owner by value: `co_await deferLater(clock, 1s, [text] { ... })`;
// - std::initializer_list, which does not compile. Give such an argument a name before the
//   co_await, or start the call before and await its Deferred:
//
//     auto later = phial::deferLater(clock, 1s, [text] { ... });
//     co_await std::move(later);
//
// Deferred and its awaiters are safe, as are JobOptions, MapOptions and StopOptions, and closures
// that capture only by reference.
//
// Cancelling the coroutine's Deferred cancels the Deferred that the coroutine awaits at that
// moment. The coroutine sees CancelledError at its co_await; it may clean up, go on, or return a
// value, as with Twisted's inlineCallbacks. If the coroutine awaits something that is not a
// Deferred, cancelling does nothing.
//
// Dropping the coroutine's Deferred cancels nothing: the coroutine goes on. If nothing can resume
// the coroutine any more, because nothing can fire what it awaits, the coroutine is destroyed
// together with its Deferred. A coroutine whose own frame holds the Resolver of what it awaits
// keeps itself alive.
//
// A coroutine of another type may co_await a Deferred too. It is resumed in the same way.
//
// Included by deferred.h.
#pragma once

#include <phial/master/deferred.h>

#include <concepts>
#include <coroutine>
#include <optional>
#include <type_traits>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// The producer of a coroutine's Deferred. Owns the coroutine's frame while the coroutine is
/// suspended.
class CoroutineSource : public Source {
 public:
  /// Takes the frame, before the coroutine first runs.
  void start(std::coroutine_handle<> frame) noexcept { frame_ = frame; }
  /// Resumes the coroutine. If the coroutine has ended, returns its chain, which the caller runs.
  Ref<Chain> resume(std::coroutine_handle<> handle);
  /// A CircularWaitError when `chain`, which the coroutine is about to await, waits for the
  /// coroutine; otherwise nothing.
  std::optional<Failure> ring(const Chain& chain) const;
  /// Notes that the coroutine, which is suspended now, waits for `chain`.
  void suspendOn(Chain& chain, Waiter& waiter);
  /// Called at the coroutine's end, when its result is in the slot: destroys the frame.
  void end() noexcept;

  void cancel(std::vector<Ref<Chain>>& next) override;
  bool awaitsChains() const noexcept override { return awaited_ != nullptr; }
  WaitingFor waitingFor() const override;

 protected:
  ~CoroutineSource() override;

 private:
  std::coroutine_handle<> frame_;  // null once the coroutine has ended
  Chain* awaited_ = nullptr;       // the chain that is awaited; held by the frame
  bool trampolined_ = false;       // run by resume(), which fires the chain afterwards
};

/// Resumes a coroutine that returns no Deferred. Reports an exception that leaves its promise.
void resumeForeign(std::coroutine_handle<> handle) noexcept;

/// The part of a promise that does not depend on the result's type.
class PromiseBase {
 public:
  struct End {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      self.promise().source()->end();  // destroys the frame, and this object with it
    }
    void await_resume() const noexcept {}
  };

  std::suspend_never initial_suspend() const noexcept { return {}; }
  End final_suspend() const noexcept { return {}; }
  void unhandled_exception() { source_->fail(Failure::current()); }

  CoroutineSource* source() const { return source_; }

 protected:
  CoroutineSource* source_ = nullptr;  // owns the frame
};

template <class T>
class PromiseOf : public PromiseBase {
 protected:
  using Result = Holding<T, CoroutineSource>;

 public:
  template <class V = T>
    requires std::convertible_to<V, Outcome<T>> || std::convertible_to<V, T>
  void return_value(V&& value) {
    auto& result = static_cast<Result*>(source_)->outcome;
    if constexpr (std::convertible_to<V, T>) {
      result.emplace(T(std::forward<V>(value)));
    } else {
      result.emplace(Outcome<T>(std::forward<V>(value)));
    }
  }
};

template <>
class PromiseOf<void> : public PromiseBase {
 protected:
  using Result = Holding<void, CoroutineSource>;

 public:
  void return_void() { static_cast<Result*>(source_)->outcome.emplace(); }
};

template <class T>
class DeferredPromise : public PromiseOf<T> {
 public:
  Deferred<T> get_return_object() {
    Ref<CoroutineSource> source(new typename PromiseOf<T>::Result);
    source->start(std::coroutine_handle<DeferredPromise>::from_promise(*this));
    source->addProducer();  // the coroutine itself, as long as it can run
    this->source_ = source.get();
    return Access::wrap<T>(Chain::pending(std::move(source)));
  }
};

template <class T>
inline constexpr bool kIsOutcome = false;
template <class T>
inline constexpr bool kIsOutcome<Outcome<T>> = true;

/// Awaits a Deferred, and owns its chain meanwhile. If T is an Outcome, the co_await never throws:
/// a failure of the Deferred itself, and one to wait for it, are returned in the Outcome.
template <class T>
class Awaiter final : private Waiter {
 public:
  explicit Awaiter(Ref<Chain> chain) : chain_(std::move(chain)) {}
  ~Awaiter() {
    if (suspended_) chain_->forgetWaiter();
  }

  bool await_ready() const noexcept { return chain_->idle(); }

  /// Returns false when the coroutine goes on at once, because it cannot wait.
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    if constexpr (std::derived_from<Promise, PromiseBase>) {
      CoroutineSource* coroutine = self.promise().source();
      if (!mayAwait(*coroutine)) return false;
      suspended_ = self;
      coroutine_ = coroutine;
      coroutine->suspendOn(*chain_, *this);
    } else {
      suspended_ = self;
      chain_->await(*this);
    }
    return true;
  }

  T await_resume() {
    if constexpr (kIsOutcome<T>) {
      try {
        return takeValue();
      } catch (...) {
        return Failure::current();
      }
    } else {
      return takeValue();
    }
  }

 private:
  Ref<Chain> resume() override {
    auto handle = std::exchange(suspended_, nullptr);
    if (coroutine_) return coroutine_->resume(handle);
    resumeForeign(handle);  // destroys this object
    return {};
  }

  bool mayAwait(const CoroutineSource& coroutine) {
    if constexpr (kIsOutcome<T>) {
      refusal_ = coroutine.ring(*chain_);
      return !refusal_.has_value();
    } else {
      if (auto refusal = coroutine.ring(*chain_)) refusal->rethrow();
      return true;
    }
  }

  T takeValue() {
    Ref<Chain> chain = std::move(chain_);
    if constexpr (kIsOutcome<T>) {
      if (refusal_) return *std::move(refusal_);
    }
    Ref<Node> node = chain->takeResult();
    return take<T>(*node).value();
  }

  Ref<Chain> chain_;
  std::coroutine_handle<> suspended_;
  CoroutineSource* coroutine_ = nullptr;  // null in a coroutine that returns no Deferred
  struct Nothing {};
  [[no_unique_address]] std::conditional_t<kIsOutcome<T>, std::optional<Failure>, Nothing> refusal_;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
