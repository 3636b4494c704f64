// A result that is not there yet, and what to do when it is. After Twisted's Deferred.
//
//     auto [deferred, resolver] = phial::newDeferred<int>();
//     std::move(deferred).addCallback([](int n) { return n * 2; })
//         .addErrback([](const phial::Failure& f) { return f.check<TimeoutError>() ? -1 : 0; })
//         .addCallback([](int n) { std::printf("%d\n", n); });
//     resolver.callback(21);
//
// A Deferred carries a value or a Failure along a chain of callbacks. Each callback receives the
// result of the callback before it. What a callback returns is the result for the next callback;
// what it throws becomes a Failure. If a callback returns a Deferred, the chain pauses until this
// inner Deferred has its result, and goes on with that result.
//
// Ownership: every method that adds a callback consumes the Deferred and returns its continuation.
// A named Deferred is therefore given away explicitly: std::move(d).addCallback(f), co_await
// std::move(d). The result of a call needs no std::move: pool.stop().addBoth(f). A consumed
// Deferred is empty; using it throws std::logic_error.
//
// When callbacks run: synchronously. If the result is there, a callback runs inside addCallback;
// otherwise it runs inside the call that fires the Resolver. A callback may add to, fire or cancel
// the very Deferred whose callbacks are running: what it adds runs after it.
//
// How long a callback lives: until its call has returned; if it returned a Deferred, until that
// Deferred has its result. A coroutine lambda may therefore use its captures after a suspension.
// There is one exception: if the last callback of the returned Deferred returns a Deferred too, the
// outer callback is destroyed at that moment.
//
// Dropping a Deferred cancels nothing: its callbacks still run. If the result at the end of the
// chain is a Failure when the last handle is dropped, nobody has handled it, and it is reported
// once (setUnhandledErrorHook). If every Resolver is dropped, the Deferred stays pending for ever,
// as in Twisted; its callbacks are destroyed, unrun, with its last handle.
//
// Exceptions: every Deferred gets its result exactly once, whatever user code throws. An exception
// of a callback, of a canceller, or of a value's move constructor becomes the Failure of its
// Deferred, and does not leave a call such as callback() or cancel(). An exception of a callback's
// or canceller's destructor is reported as an unhandled error. If a callback returns a Deferred
// that waits for the callback's own Deferred, the callback's Deferred fails with CircularWaitError.
//
// Thread rule: a Deferred, its Resolvers, and everything in its chain belong to one thread, the
// loop's. To fire a Resolver from another thread use Reactor::callFromThread.
//
// More: resolver.h, coroutine.h (co_await), deferred_handle.h, all included here; deferred_list.h
// (gatherResults, DeferredList, race), deferred_lock.h, deferred_queue.h, scope.h, kj_bridge.h,
// future_bridge.h; for tests <phial/testing/deferred.h>.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/deferred_handle.h>
#include <phial/master/detail/deferred_link.h>
#include <phial/master/outcome.h>
#include <phial/protocol/failure.h>

#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// A Deferred would have to wait for its own result: a callback has returned, or a coroutine has
/// awaited, a Deferred that waits for this same callback or coroutine. The error reaches the
/// errbacks of the callback's Deferred, or is thrown at the co_await.
class CircularWaitError : public Error {
 public:
  using Error::Error;
};

namespace detail {
template <class T>
class DeferredPromise;
template <class T>
class Awaiter;
/// False, but only once the template is instantiated.
template <class...>
inline constexpr bool kNever = false;
/// Cancels `chain` when `timeout` has passed on `clock`, after setting `*expired` to true.
DelayedCall cancelLater(Clock& clock, Duration timeout, Ref<Chain> chain,
                        std::shared_ptr<bool> expired);
/// Throws the TimeoutError of addTimeout.
[[noreturn]] void throwTimeout(Duration timeout);
}  // namespace detail

/// The handle to a chain of callbacks. Move-only. T is void or a movable value type.
template <class T>
class Deferred {
 public:
  using Value = T;
  using promise_type = detail::DeferredPromise<T>;

  /// Makes an empty Deferred, which may only be assigned to or destroyed.
  Deferred() = default;
  Deferred(Deferred&&) noexcept = default;
  Deferred& operator=(Deferred&&) noexcept = default;
  Deferred(const Deferred&) = delete;  // a Deferred has one owner: pass std::move(deferred)
  Deferred& operator=(const Deferred&) = delete;
  ~Deferred() = default;

  /// False when empty: default-constructed, moved from or consumed.
  explicit operator bool() const { return static_cast<bool>(chain_); }

  /// Runs f(value) on success, or f() when T is void; a Failure passes by. `f` takes T by value,
  /// const T& or T&&, and returns a value, void, Deferred<U> or Outcome<U>.
  template <class F>
  auto addCallback(F f) && {
    static_assert(detail::kTakes<F, T>, "a callback of Deferred<T> takes a T; of void, nothing");
    using R = detail::ReturnOf<F, T>;
    static_assert(!std::is_same_v<R, Failure>, "throw, or return an Outcome, to fail a callback");
    return link<detail::Lifted<R>>(detail::OnValue<F>{std::move(f)});
  }

  /// Runs g(failure) on failure; a value passes by. If `g` returns something that converts to T, or
  /// a Deferred of it, the chain goes on as a success. If `g` returns the Failure or throws, the
  /// chain stays a failure. If `g` returns void, the continuation is a Deferred<void>, and a value
  /// that passes by is dropped.
  template <class G>
  auto addErrback(G g) && {
    static_assert(detail::kTakes<G, Failure>, "an errback takes a Failure");
    using R = detail::ReturnOf<G, Failure>;
    return link<detail::RecoveredBy<T, R>>(detail::OnFailure<G>{std::move(g)});
  }

  /// Runs f on success or g on failure. Unlike in addCallback(f).addErrback(g), g does not see what
  /// f throws. The types are as if g were an errback of f's result.
  template <class F, class G>
  auto addCallbacks(F f, G g) && {
    static_assert(detail::kTakes<F, T>, "a callback of Deferred<T> takes a T; of void, nothing");
    static_assert(detail::kTakes<G, Failure>, "an errback takes a Failure");
    using U = detail::Lifted<detail::ReturnOf<F, T>>;
    using V = detail::RecoveredBy<U, detail::ReturnOf<G, Failure>>;
    return link<V>(detail::OnEither<F, G>{std::move(f), std::move(g)});
  }

  /// Runs f(Outcome<T>) on success and on failure. To pass the result on, return the Outcome.
  template <class F>
  auto addBoth(F f) && {
    static_assert(detail::kTakes<F, Outcome<T>>, "addBoth's function takes an Outcome<T>");
    using R = detail::ReturnOf<F, Outcome<T>>;
    static_assert(!std::is_same_v<R, Failure>, "throw, or return an Outcome, to fail");
    return link<detail::Lifted<R>>(detail::OnBoth<F>{std::move(f)});
  }

  /// Cancels the Deferred when it has no result after `timeout` on `clock`. If the result is then a
  /// CancelledError, it becomes TimeoutError; if the canceller has produced another result, that
  /// result stays. The timer ends with the result. `clock` is borrowed until then.
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

  /// Asks the innermost producer that this Deferred waits for to give up. The producer's canceller
  /// runs. If the canceller has not fired the Deferred, it fails with CancelledError. If there is
  /// no canceller, the Deferred fails at once, and the first result that arrives later is
  /// swallowed. The callbacks run before cancel() returns. If no producer is pending, cancel() does
  /// nothing. If the canceller throws, its exception becomes the Failure of the Deferred; if the
  /// canceller had fired the Deferred before, the exception is reported as unhandled. REQUIRES: not
  /// empty (std::logic_error).
  void cancel() const { detail::Chain::cancel(shared()); }

  /// A weak, copyable reference, which can still cancel this Deferred when it has been given away.
  /// See deferred_handle.h. REQUIRES: not empty (std::logic_error).
  DeferredHandle handle() const { return DeferredHandle(detail::Chain::handleTarget(shared())); }

  /// The result, success or failure, as a value. In a coroutine, `co_await std::move(d).outcome()`
  /// gives an Outcome<T> and never throws: use it where the coroutine has to await something after
  /// a failure, because a catch block cannot. An exception that prevents the wait itself, such as
  /// CircularWaitError, is in the Outcome too. A failure counts as handled. Cancelling reaches
  /// through. Elsewhere a callback of the Deferred<Outcome<T>> takes the Outcome; an addTimeout
  /// after outcome() gives CancelledError in place of TimeoutError, so add the timeout before.
  Deferred<Outcome<T>> outcome() && { return link<Outcome<T>>(detail::AsValue()); }

  /// True once the producer has fired. Callbacks may still be waiting for an inner Deferred.
  /// REQUIRES: not empty (std::logic_error).
  bool called() const { return shared()->called(); }

  /// Waits for the result in a coroutine; consumes the Deferred. See coroutine.h.
  detail::Awaiter<T> operator co_await() && { return detail::Awaiter<T>(take()); }

  // A named Deferred is refused by these overloads; each error says what to write instead.
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
  Deferred<Outcome<T>> outcome() const& {
    static_assert(detail::kNever<Never>,
                  "outcome consumes the Deferred: write co_await std::move(d).outcome()");
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

namespace detail {
template <class T, class... A>
Deferred<T> finished(A&&... arguments) {
  auto* node = new Holding<T, Node>;
  Ref<Node> owned(node);
  node->outcome.emplace(std::forward<A>(arguments)...);
  return Access::wrap<T>(Chain::finished(std::move(owned)));
}
}  // namespace detail

/// Makes a Deferred that has already succeeded.
template <class V>
Deferred<std::decay_t<V>> succeed(V&& value) {
  return detail::finished<std::decay_t<V>>(std::decay_t<V>(std::forward<V>(value)));
}
inline Deferred<void> succeed() { return detail::finished<void>(); }

/// Makes a Deferred that has already failed.
template <class T>
Deferred<T> fail(Failure failure) {
  return detail::finished<T>(std::move(failure));
}
template <class T, class E>
  requires(!std::is_same_v<E, Failure>)
Deferred<T> fail(E exception) {
  return fail<T>(Failure(std::move(exception)));
}

/// Calls f(arguments...) at once and makes a Deferred of what f returns, throws or defers. A
/// temporary `f`, such as a coroutine lambda, and temporary arguments are moved in; if `f` returns
/// a Deferred, they live until it has its result. A named `f` and named arguments are borrowed for
/// the same time.
template <class F, class... A>
auto maybeDeferred(F&& f, A&&... arguments) {
  return succeed().addCallback([f = std::tuple<F>(std::forward<F>(f)),
                                bound = std::tuple<A...>(std::forward<A>(arguments)...)]() mutable {
    return std::apply(std::forward<F>(std::get<0>(f)), std::move(bound));
  });
}

/// Receives each Failure that nobody handled, on the thread that dropped it. An exception that it
/// lets out ends the program.
using UnhandledErrorHook = std::function<void(const Failure&)>;

/// Replaces the hook, which is one for the whole process, and returns the previous hook. An empty
/// function restores the default. The default writes one log record of level error (setLogSink):
/// "Unhandled error in Deferred", then type, message and traceback; at most 20 a second are
/// written, the others are counted. Thread-safe.
UnhandledErrorHook setUnhandledErrorHook(UnhandledErrorHook hook);

}  // namespace phial::inline v1

#pragma GCC visibility pop

#include <phial/master/coroutine.h>  // IWYU pragma: export
#include <phial/master/resolver.h>   // IWYU pragma: export
