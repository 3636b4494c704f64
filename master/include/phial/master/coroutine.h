// co_await for Deferred, and coroutines that return one.
//
//     phial::Deferred<int> sum(phial::Deferred<int> a, phial::Deferred<int> b) {
//       int first = co_await std::move(a);
//       int second = co_await std::move(b);
//       co_return first + second;
//     }
//
// A coroutine runs at once, up to its first co_await of a Deferred that has no result yet; it goes
// on from within whatever fires that one. What it returns or throws is the result of its Deferred.
// A failed Deferred throws its exception at the co_await. What a job threw is thrown as itself when
// it is one of the standard library's exceptions, else as RemoteError.
//
// g++ 12 miscompiles some temporaries within a co_await expression: it copies the temporary bit by
// bit and destroys both copies, which frees memory twice. In danger are aggregates that own memory
// (`co_await f({.name = "x"})`, `f(Shape{...})`, std::array of owners), closures that capture an
// owner by value (`co_await deferLater(clock, 1s, [text] { ... })`), and std::initializer_list,
// which does not compile. Give such an argument a name before the co_await, or start the call
// before and await its Deferred:
//
//     auto later = phial::deferLater(clock, 1s, [text] { ... });
//     co_await std::move(later);
//
// Deferred and what awaits it are safe, as are closures that capture by reference only.
//
// Cancelling the coroutine's Deferred cancels what the coroutine awaits at that moment; it sees
// CancelledError at its co_await and may clean up, go on or return a value, like Twisted's
// inlineCallbacks. When it awaits something else than a Deferred, cancelling does nothing.
//
// Dropping the coroutine's Deferred cancels nothing: it runs on. A coroutine that nothing can
// resume any more, for what it awaits can no longer be fired, is destroyed together with its
// Deferred. One that keeps in its own frame the Resolver of what it awaits keeps itself alive.
//
// Any other coroutine may co_await a Deferred too; it is resumed in the same way.
//
// Included by deferred.h.
#pragma once

#include <phial/master/deferred.h>

#include <concepts>
#include <coroutine>

namespace phial::detail {

/// The producer of a coroutine's Deferred. Owns the frame while it is suspended.
class CoroutineSource : public Source {
 public:
  void start(std::coroutine_handle<> frame) noexcept { frame_ = frame; }
  /// Runs the coroutine on; the chain to run when it has ended.
  Ref<Chain> resume(std::coroutine_handle<> handle);
  /// Throws CircularWaitError when `chain`, which the coroutine is about to await, waits for it.
  void checkRing(const Chain& chain) const;
  /// The coroutine, which is suspended, waits for `chain`.
  void suspendOn(Chain& chain, Waiter& waiter);
  /// The coroutine is at its end and its result in the slot: destroys the frame.
  void end() noexcept;

  void cancel(std::vector<Ref<Chain>>& next) override;
  bool awaitsChains() const noexcept override { return awaited_ != nullptr; }

 protected:
  ~CoroutineSource() override;

 private:
  std::coroutine_handle<> frame_;  // null once it has ended
  Chain* awaited_ = nullptr;       // held by the frame
  bool trampolined_ = false;       // run by resume(), which fires the chain afterwards
};

/// Runs a coroutine that returns no Deferred on. What its promise lets out is reported.
void resumeForeign(std::coroutine_handle<> handle) noexcept;

/// What is known of a promise without its type.
class PromiseBase {
 public:
  struct End {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      self.promise().source()->end();  // destroys the frame, and this with it
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
    source->addProducer();  // itself, as long as it can run
    this->source_ = source.get();
    return Access::wrap<T>(Chain::pending(std::move(source)));
  }
};

/// co_await on a Deferred, which it takes.
template <class T>
class Awaiter final : private Waiter {
 public:
  explicit Awaiter(Ref<Chain> chain) : chain_(std::move(chain)) {}
  ~Awaiter() {
    if (suspended_) chain_->forgetWaiter();
  }

  bool await_ready() const noexcept { return chain_->idle(); }

  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) {
    if constexpr (std::derived_from<Promise, PromiseBase>) {
      CoroutineSource* coroutine = self.promise().source();
      coroutine->checkRing(*chain_);
      suspended_ = self;
      coroutine_ = coroutine;
      coroutine->suspendOn(*chain_, *this);
    } else {
      suspended_ = self;
      chain_->await(*this);
    }
  }

  T await_resume() {
    Ref<Chain> chain = std::move(chain_);
    Ref<Node> node = chain->takeResult();
    return take<T>(*node).value();
  }

 private:
  Ref<Chain> resume() override {
    auto handle = std::exchange(suspended_, nullptr);
    if (coroutine_) return coroutine_->resume(handle);
    resumeForeign(handle);  // destroys this
    return {};
  }

  Ref<Chain> chain_;
  std::coroutine_handle<> suspended_;
  CoroutineSource* coroutine_ = nullptr;  // null in coroutines that return something else
};

}  // namespace phial::detail
