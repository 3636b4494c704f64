// A result that is not there yet, and what to do when it is. After Twisted's Deferred.
//
//     auto [deferred, resolver] = phial::newDeferred<int>();
//     std::move(deferred).addCallback([](int n) { return n * 2; })
//         .addErrback([](const phial::Failure& f) { return f.check<TimeoutError>() ? -1 : 0; })
//         .addCallback([](int n) { std::printf("%d\n", n); });
//     resolver.callback(21);
//
// A named Deferred is given up by what consumes it: std::move(d).addCallback(f), likewise
// `co_await std::move(d)`. A call's result needs no std::move: pool.stop().addBoth(f).
//
// A Deferred carries a value or a Failure along a chain of callbacks. Each callback gets the result
// of the one before it; what it returns is the result for the next one, what it throws a Failure. A
// callback that returns a Deferred pauses the chain until that one has its result, which is then
// the callback's. The callback itself lives until then, so that a coroutine lambda may use what it
// captures; only if the last callback of the returned Deferred returns a Deferred again, it lives
// no longer than that call. Any other callback is destroyed after its call. Callbacks run
// synchronously: at once when the result is there, else from within the call that fires the
// Resolver. One that adds to, fires or cancels a Deferred whose callbacks are running just now is
// safe: what it adds runs after it.
//
// Life: every method that adds something consumes the Deferred and returns its continuation; the
// old one is empty, and using it throws std::logic_error. Dropping a Deferred cancels nothing: its
// callbacks run all the same. If the result at the end of the chain is a Failure when the last
// handle goes, that was not handled by anybody, and is reported once: setUnhandledErrorHook.
// Every Deferred gets its result exactly once, whatever user code throws: an exception of a
// callback, of a canceller or of a value's move constructor becomes the Failure of the Deferred
// that it concerns, and leaves no call such as callback() or cancel(). What the destructor of a
// callback or canceller throws is reported like an unhandled error. A callback whose Deferred would
// have to wait for itself fails with CircularWaitError.
//
// Dropping every Resolver leaves the Deferred pending for ever, as in Twisted; its callbacks are
// destroyed, unrun, with its last handle.
//
// Thread rule: a Deferred, its Resolvers and all it is chained to belong to one thread, the loop's.
// To fire from elsewhere use Reactor::callFromThread.
//
// More: coroutine.h (co_await; included here), deferred_list.h (gatherResults, DeferredList, race),
// deferred_lock.h, deferred_queue.h, kj_bridge.h.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/deferred_link.h>
#include <phial/master/outcome.h>
#include <phial/protocol/failure.h>

#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>

namespace phial {

/// A Deferred would have to wait for its own result: a callback returned, or a coroutine awaited, a
/// Deferred that waits for that very callback or coroutine. Reaches the errbacks of the callback's
/// Deferred, or is thrown at the co_await.
class CircularWaitError : public Error {
 public:
  using Error::Error;
};

namespace detail {
template <class T>
class DeferredPromise;
template <class T>
class Awaiter;
/// False, but only where a template is used.
template <class...>
inline constexpr bool kNever = false;
/// Cancels `chain` when `timeout` has passed. `expired` tells whether it did.
DelayedCall cancelLater(Clock& clock, Duration timeout, Ref<Chain> chain,
                        std::shared_ptr<bool> expired);
[[noreturn]] void throwTimeout(Duration timeout);
}  // namespace detail

/// Move-only; T is void or a movable value type.
template <class T>
class Deferred {
 public:
  using Value = T;
  using promise_type = detail::DeferredPromise<T>;

  /// Empty; may only be assigned to or destroyed.
  Deferred() = default;
  Deferred(Deferred&&) noexcept = default;
  Deferred& operator=(Deferred&&) noexcept = default;
  Deferred(const Deferred&) = delete;  // a Deferred has one owner: pass std::move(deferred)
  Deferred& operator=(const Deferred&) = delete;
  ~Deferred() = default;

  /// False when empty: default-constructed, moved from or consumed.
  explicit operator bool() const { return static_cast<bool>(chain_); }

  /// On success runs f(value), or f() when T is void; a Failure passes by. f takes T by value,
  /// const T& or T&&, and returns a value, void, Deferred<U> or Outcome<U>.
  template <class F>
  auto addCallback(F f) && {
    static_assert(detail::kTakes<F, T>, "a callback of Deferred<T> takes a T; of void, nothing");
    using R = detail::ReturnOf<F, T>;
    static_assert(!std::is_same_v<R, Failure>, "throw, or return an Outcome, to fail a callback");
    return link<detail::Lifted<R>>(detail::OnValue<F>{std::move(f)});
  }

  /// On failure runs g(failure), and what it returns is the result: something that converts to T
  /// (or a Deferred of that) is a success, the Failure itself or a throw stays one. When g returns
  /// void the outcome is a Deferred<void>, and a value that passes by is dropped.
  template <class G>
  auto addErrback(G g) && {
    static_assert(detail::kTakes<G, Failure>, "an errback takes a Failure");
    using R = detail::ReturnOf<G, Failure>;
    return link<detail::RecoveredBy<T, R>>(detail::OnFailure<G>{std::move(g)});
  }

  /// Runs f on success or else g on failure; unlike addCallback(f).addErrback(g), g does not see
  /// what f throws. Types are as if g were an errback of f's result.
  template <class F, class G>
  auto addCallbacks(F f, G g) && {
    static_assert(detail::kTakes<F, T>, "a callback of Deferred<T> takes a T; of void, nothing");
    static_assert(detail::kTakes<G, Failure>, "an errback takes a Failure");
    using U = detail::Lifted<detail::ReturnOf<F, T>>;
    using V = detail::RecoveredBy<U, detail::ReturnOf<G, Failure>>;
    return link<V>(detail::OnEither<F, G>{std::move(f), std::move(g)});
  }

  /// Runs f(Outcome<T>) in either case. To pass the result on, return the Outcome.
  template <class F>
  auto addBoth(F f) && {
    static_assert(detail::kTakes<F, Outcome<T>>, "addBoth's function takes an Outcome<T>");
    using R = detail::ReturnOf<F, Outcome<T>>;
    static_assert(!std::is_same_v<R, Failure>, "throw, or return an Outcome, to fail");
    return link<detail::Lifted<R>>(detail::OnBoth<F>{std::move(f)});
  }

  /// Cancels when there is no result after `timeout` on `clock`; the CancelledError of that becomes
  /// TimeoutError. If the canceller brought about another result, that one stands. A result in time
  /// ends the timer. `clock` is borrowed until then.
  Deferred addTimeout(Duration timeout, Clock& clock) && {
    auto expired = std::make_shared<bool>(false);
    DelayedCall timer = detail::cancelLater(clock, timeout, shared(), expired);
    return std::move(*this).addBoth([timer, expired, timeout](Outcome<T> outcome) mutable {
      timer.cancel();
      bool ours = *expired && !outcome.ok() && outcome.failure().template check<CancelledError>();
      if (ours) detail::throwTimeout(timeout);
      return outcome;
    });
  }

  /// Asks the producer that this waits for, the innermost one, to give up. Its canceller runs; if
  /// that has not fired it, it fails with CancelledError. Without a canceller it fails at once, and
  /// one result that arrives later is swallowed. Callbacks run before this returns. Does nothing
  /// when no producer is waited for. What a canceller throws becomes the Failure of the Deferred;
  /// if the canceller has fired it before, the exception is reported as unhandled.
  void cancel() const { detail::Chain::cancel(shared()); }

  /// True once the producer has fired; the callbacks may still be waiting for an inner Deferred.
  bool called() const { return shared()->called(); }

  /// Waits for the result in a coroutine; consumes the Deferred. See coroutine.h.
  detail::Awaiter<T> operator co_await() && { return detail::Awaiter<T>(take()); }

  // A named Deferred is refused here, with what to write instead.
  template <class F>
  auto addCallback(F) const& {
    static_assert(detail::kNever<F>,
                  "addCallback consumes the Deferred: write std::move(d).addCallback(f)");
    return Deferred<detail::Lifted<detail::ReturnOf<F, T>>>();
  }
  template <class G>
  auto addErrback(G) const& {
    static_assert(detail::kNever<G>,
                  "addErrback consumes the Deferred: write std::move(d).addErrback(g)");
    return Deferred<detail::RecoveredBy<T, detail::ReturnOf<G, Failure>>>();
  }
  template <class F, class G>
  auto addCallbacks(F, G) const& {
    static_assert(detail::kNever<F>,
                  "addCallbacks consumes the Deferred: write std::move(d).addCallbacks(f, g)");
    using U = detail::Lifted<detail::ReturnOf<F, T>>;
    return Deferred<detail::RecoveredBy<U, detail::ReturnOf<G, Failure>>>();
  }
  template <class F>
  auto addBoth(F) const& {
    static_assert(detail::kNever<F>,
                  "addBoth consumes the Deferred: write std::move(d).addBoth(f)");
    return Deferred<detail::Lifted<detail::ReturnOf<F, Outcome<T>>>>();
  }
  template <class Never = T>
  Deferred addTimeout(Duration, Clock&) const& {
    static_assert(
        detail::kNever<Never>,
        "addTimeout consumes the Deferred: write std::move(d).addTimeout(timeout, clock)");
    return {};
  }
  template <class Never = T>
  detail::Awaiter<T> operator co_await() const& {
    static_assert(detail::kNever<Never>,
                  "co_await consumes the Deferred: write co_await std::move(d)");
    return detail::Awaiter<T>({});
  }

 private:
  friend struct detail::Access;
  explicit Deferred(detail::Ref<detail::Chain> chain) : chain_(std::move(chain)) {}

  detail::Ref<detail::Chain> shared() const {
    if (!chain_) throw std::logic_error("this Deferred was consumed or moved from");
    return chain_;
  }
  detail::Ref<detail::Chain> take() {
    auto chain = shared();
    chain_ = {};
    return chain;
  }
  template <class U, class Handler>
  Deferred<U> link(Handler handler) {
    using Link = detail::CallbackLink<T, U, Handler>;
    shared();                                                      // throws when empty
    detail::Ref<detail::Link> link(new Link(std::move(handler)));  // a throw leaves this as it was
    auto chain = take();
    detail::Chain::append(chain, std::move(link));
    return detail::Access::wrap<U>(std::move(chain));
  }

  detail::Ref<detail::Chain> chain_;
};

/// The producing end of a Deferred; copies fire the same one. Firing a second time throws
/// AlreadyCalledError, save for one result after a cancellation without a canceller.
template <class T>
class Resolver {
 public:
  /// Empty; firing it throws std::logic_error.
  Resolver() = default;
  Resolver(const Resolver& other) : Resolver(other.source_) {}
  Resolver(Resolver&& other) noexcept = default;
  Resolver& operator=(Resolver other) noexcept {
    std::swap(source_, other.source_);
    return *this;
  }
  ~Resolver() {
    if (source_) source_->dropProducer();
  }

  /// Succeeds with `value` and runs the callbacks. If moving or converting `value` throws, fails
  /// with that.
  template <class V = T>
    requires(!std::is_void_v<T> && std::is_convertible_v<V, T>)
  void callback(V&& value) const {
    settle([&](auto& outcome) { outcome.emplace(T(std::forward<V>(value))); });
  }
  void callback() const
    requires std::is_void_v<T>
  {
    settle([](auto& outcome) { outcome.emplace(); });
  }

  /// Fails and runs the errbacks. Takes a Failure, a std::exception_ptr or any exception.
  void errback(Failure failure) const {
    settle([&](auto& outcome) { outcome.emplace(std::move(failure)); });
  }
  template <class E>
    requires(!std::is_same_v<E, Failure>)
  void errback(E exception) const {
    errback(Failure(std::move(exception)));
  }

  /// Whether it has fired, which includes being cancelled.
  bool called() const { return required().fired(); }

 private:
  friend struct detail::Access;
  using Source = detail::Holding<T, detail::Source>;

  explicit Resolver(detail::Ref<Source> source) : source_(std::move(source)) {
    if (source_) source_->addProducer();
  }
  Source& required() const {
    if (!source_) throw std::logic_error("an empty Resolver");
    return *source_;
  }
  template <class Put>
  void settle(Put put) const {
    detail::Ref<Source> source(&required());  // callbacks may destroy this
    if (!source->admit()) return;
    try {
      put(source->outcome);
    } catch (...) {
      source->outcome.emplace(Failure::current());
    }
    source->fire();
  }

  detail::Ref<Source> source_;
};

/// Both ends of a new Deferred.
template <class T>
struct NewDeferred {
  Deferred<T> deferred;
  Resolver<T> resolver;
};

/// Makes a Deferred that its Resolver fires. `canceller`, if any, is called by cancel(), at most
/// once and only while pending, with a Resolver<T>& or with nothing; it is destroyed when the
/// Deferred fires. It should stop the work, and may fire. Having one, the Deferred swallows no late
/// result: who may still call back after a cancellation must look at called().
template <class T, class C = detail::NoCanceller>
NewDeferred<T> newDeferred(C canceller = {}) {
  detail::Ref<detail::Holding<T, detail::Source>> source(
      new detail::ResolvedSource<T, C>(std::move(canceller)));
  auto resolver = detail::Access::resolver<T>(source);
  return {detail::Access::wrap<T>(detail::Chain::pending(std::move(source))), std::move(resolver)};
}

namespace detail {
template <class T, class... A>
Deferred<T> finished(A&&... arguments) {
  auto* node = new Holding<T, Node>;
  Ref<Node> owned(node);
  node->outcome.emplace(std::forward<A>(arguments)...);
  return Access::wrap<T>(Chain::finished(std::move(owned)));
}
}  // namespace detail

/// A Deferred that has succeeded already.
template <class V>
Deferred<std::decay_t<V>> succeed(V&& value) {
  return detail::finished<std::decay_t<V>>(std::decay_t<V>(std::forward<V>(value)));
}
inline Deferred<void> succeed() { return detail::finished<void>(); }

/// A Deferred that has failed already.
template <class T>
Deferred<T> fail(Failure failure) {
  return detail::finished<T>(std::move(failure));
}
template <class T, class E>
  requires(!std::is_same_v<E, Failure>)
Deferred<T> fail(E exception) {
  return fail<T>(Failure(std::move(exception)));
}

/// Calls f(arguments...) and makes a Deferred of whatever it returns, throws or defers. A temporary
/// f, such as a coroutine lambda, and temporary arguments are moved in and live until a Deferred
/// that f returns has its result; named ones are borrowed until then.
template <class F, class... A>
auto maybeDeferred(F&& f, A&&... arguments) {
  return succeed().addCallback([f = std::tuple<F>(std::forward<F>(f)),
                                bound = std::tuple<A...>(std::forward<A>(arguments)...)]() mutable {
    return std::apply(std::forward<F>(std::get<0>(f)), std::move(bound));
  });
}

/// Called with each Failure that nobody handled, on the thread that dropped it; must not throw.
using UnhandledErrorHook = std::function<void(const Failure&)>;

/// Replaces the hook, one for the process, and returns the one before. The default one, which an
/// empty function restores, writes type, message and traceback to stderr, below a line that starts
/// with "Unhandled error in Deferred". Thread-safe.
UnhandledErrorHook setUnhandledErrorHook(UnhandledErrorHook hook);

}  // namespace phial

#include <phial/master/coroutine.h>  // IWYU pragma: export
