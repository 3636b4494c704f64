// The typed half of deferred_chain.h: the forms of callbacks, and the link that runs a callback.
// Included by deferred.h; not meant to be used directly.
#pragma once

#include <phial/master/detail/deferred_chain.h>
#include <phial/master/outcome.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {
template <class T>
class Deferred;
template <class T>
class Resolver;
}  // namespace phial::inline v1

namespace phial::inline v1::detail {

/// Passes a failure that nobody handled to the hook.
void reportUnhandled(const Failure& failure) noexcept;

/// A Node, Link or Source with room for a T.
template <class T, class Base>
class Holding : public Base {
 public:
  using Base::Base;
  // Also where that of T may throw, as those of Cap'n Proto's responses may by their declarations.
  ~Holding() noexcept override = default;

  void* slot() noexcept override { return std::addressof(outcome); }
  const Failure* failure() const noexcept override {
    return outcome && !outcome->ok() ? std::addressof(outcome->failure()) : nullptr;
  }
  void fail(Failure failure) override { outcome.emplace(std::move(failure)); }

  std::optional<Outcome<T>> outcome;
};

/// Moves the result out of `node`, which holds a T.
template <class T>
Outcome<T> take(Node& node) {
  auto& slot = *static_cast<std::optional<Outcome<T>>*>(node.slot());
  Outcome<T> outcome = std::move(*slot);
  slot.reset();
  return outcome;
}

/// Access to Deferred's private members.
struct Access {
  template <class T>
  static Deferred<T> wrap(Ref<Chain> chain) {
    return Deferred<T>(std::move(chain));
  }
  /// Takes the chain and leaves the Deferred empty. Throws std::logic_error when it is empty
  /// already.
  template <class T>
  static Ref<Chain> unwrap(Deferred<T>& deferred) {
    return deferred.take();
  }
  /// What the handles of the Deferred refer to. Throws std::logic_error when it is empty.
  template <class T>
  static Ref<HandleTarget> handleTarget(const Deferred<T>& deferred) {
    return Chain::handleTarget(deferred.shared());
  }
  template <class T>
  static std::string describeWaiting(const Deferred<T>& deferred) {
    return Chain::describeWaiting(deferred.shared());
  }
  /// True if the Deferred has its result, and no callback is left to run. Throws std::logic_error
  /// when it is empty.
  template <class T>
  static bool idle(const Deferred<T>& deferred) {
    return Chain::resolve(deferred.shared())->idle();
  }
  /// The failure that is the result; null when the result is a value. REQUIRES: idle().
  template <class T>
  static const Failure* failure(const Deferred<T>& deferred) {
    return Chain::resolve(deferred.shared())->failure();
  }
  template <class T>
  static Resolver<T> resolver(Ref<Holding<T, Source>> source) {
    return Resolver<T>(std::move(source));
  }
};

// --- What callbacks return ---

template <class R>
struct Lift {
  using Type = R;
  static constexpr bool kDeferred = false;
  static constexpr bool kOutcome = false;
};
template <class U>
struct Lift<Deferred<U>> {
  using Type = U;
  static constexpr bool kDeferred = true;
  static constexpr bool kOutcome = false;
};
template <class U>
struct Lift<Outcome<U>> {
  using Type = U;
  static constexpr bool kDeferred = false;
  static constexpr bool kOutcome = true;
};

/// The T of the Deferred<T> that follows a callback which returns R.
template <class R>
using Lifted = typename Lift<std::remove_cvref_t<R>>::Type;

/// True if a callback takes its argument by value, T&&, const T& or T&.
template <class F, class A>
constexpr bool kTakes = std::is_invocable_v<F&, A> || std::is_invocable_v<F&, A&>;
template <class F>
constexpr bool kTakes<F, void> = std::is_invocable_v<F&>;

template <class F, class A>
decltype(auto) call(F& f, A&& argument) {
  if constexpr (std::is_invocable_v<F&, A>) {
    return std::invoke(f, std::forward<A>(argument));
  } else {
    return std::invoke(f, argument);
  }
}
template <class F>
decltype(auto) call(F& f) {
  return std::invoke(f);
}

template <class F, class A>
struct Returned {
  using Type = decltype(call(std::declval<F&>(), std::declval<A>()));
};
template <class F>
struct Returned<F, void> {
  using Type = std::invoke_result_t<F&>;
};
template <class F, class A>
using ReturnOf = std::remove_cvref_t<typename Returned<F, A>::Type>;

/// The type of a Deferred<T> after an errback that returns R: T, or void when R has no value.
template <class T, class R>
struct Recovered {
  using V = std::conditional_t<std::is_same_v<R, Failure>, T, Lifted<R>>;
  static_assert(!std::is_void_v<T> || std::is_void_v<V>,
                "an errback of a Deferred<void> returns void, Deferred<void> or the Failure");
  static_assert(std::is_void_v<V> || std::is_convertible_v<V, T>,
                "an errback of a Deferred<T> returns something that converts to T, void, a "
                "Deferred of those, or the Failure");
  using Type = std::conditional_t<std::is_void_v<V>, void, T>;
};
template <class T, class R>
using RecoveredBy = typename Recovered<T, R>::Type;

// --- Running a callback ---

/// Converts a Deferred<V> to a Deferred<U>.
template <class U, class V>
Deferred<U> coerce(Deferred<V> deferred) {
  if constexpr (std::is_same_v<U, V>) {
    return deferred;
  } else if constexpr (std::is_void_v<U>) {
    return std::move(deferred).addCallback([](V&&) {});
  } else {
    return std::move(deferred).addCallback([](V&& value) -> U { return U(std::move(value)); });
  }
}

template <class U, class V>
Outcome<U> coerce(Outcome<V> outcome) {
  if constexpr (std::is_same_v<U, V>) {
    return outcome;
  } else {
    if (!outcome.ok()) return outcome.failure();
    if constexpr (std::is_void_v<U>) {
      return {};
    } else {
      return U(std::move(outcome).value());
    }
  }
}

/// Puts what `f(arguments...)` returns or throws into `result`; if `f` returns a Deferred, returns
/// its chain instead. Lets out nothing but the end of the thread, which is no exception
/// (Failure::current).
template <class U, class F, class... A>
Ref<Chain> settle(std::optional<Outcome<U>>& result, F& f, A&&... arguments) {
  try {
    using R = std::remove_cvref_t<decltype(call(f, std::forward<A>(arguments)...))>;
    if constexpr (std::is_void_v<R>) {
      call(f, std::forward<A>(arguments)...);
      result.emplace();
    } else if constexpr (Lift<R>::kDeferred) {
      auto inner = coerce<U>(call(f, std::forward<A>(arguments)...));
      return Access::unwrap(inner);
    } else if constexpr (Lift<R>::kOutcome) {
      result.emplace(coerce<U>(call(f, std::forward<A>(arguments)...)));
    } else if constexpr (std::is_same_v<R, Failure>) {
      result.emplace(call(f, std::forward<A>(arguments)...));
    } else if constexpr (std::is_void_v<U>) {
      static_cast<void>(call(f, std::forward<A>(arguments)...));
      result.emplace();
    } else {
      result.emplace(U(call(f, std::forward<A>(arguments)...)));
    }
  } catch (...) {
    result.emplace(Failure::current());
  }
  return {};
}

template <class T, class U, class F>
Ref<Chain> settleValue(std::optional<Outcome<U>>& result, F& f, Outcome<T>& from) {
  if constexpr (std::is_void_v<T>) {
    return settle<U>(result, f);
  } else {
    return settle<U>(result, f, std::move(from).value());
  }
}

// If g++ 12 inlines a callback that contains a loop, or a move that may throw, it believes that the
// Failure in an Outcome with a value is uninitialised, and warns of its destructor at the user's
// line.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
/// A result that was taken from a node, for a handler that may leave part of it.
template <class T>
class Taken {
 public:
  explicit Taken(Node& node) : node_(&node), outcome(take<T>(node)) {}
  ~Taken() {
    if constexpr (!std::is_void_v<T>) {
      if constexpr (!std::is_trivially_destructible_v<T>) node_->freeLeftOver(&outcome);
    }
  }
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;

 private:
  const Ref<Node> node_;

 public:
  Outcome<T> outcome;
};

/// A handler, as below, for Deferred::outcome.
struct AsValue {
  template <class T>
  Ref<Chain> operator()(Outcome<T>& from, std::optional<Outcome<Outcome<T>>>& result) {
    result.emplace(std::move(from));
    return {};
  }
};
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

/// Each handler turns an Outcome<T> into an Outcome<U>, and may leave part of the Outcome<T>.
template <class F>
struct OnValue {
  template <class T, class U>
  Ref<Chain> operator()(Outcome<T>& from, std::optional<Outcome<U>>& result) {
    if (from.ok()) return settleValue(result, f, from);
    result.emplace(from.failure());
    return {};
  }
  F f;
};

template <class G>
struct OnFailure {
  template <class T, class U>
  Ref<Chain> operator()(Outcome<T>& from, std::optional<Outcome<U>>& result) {
    if (!from.ok()) return settle<U>(result, g, Failure(from.failure()));
    result.emplace(coerce<U>(std::move(from)));
    return {};
  }
  G g;
};

template <class F, class G>
struct OnEither {
  template <class T, class U>
  Ref<Chain> operator()(Outcome<T>& from, std::optional<Outcome<U>>& result) {
    if (from.ok()) return settleValue(result, f, from);
    return settle<U>(result, g, Failure(from.failure()));
  }
  F f;
  G g;
};

template <class F>
struct OnBoth {
  template <class T, class U>
  Ref<Chain> operator()(Outcome<T>& from, std::optional<Outcome<U>>& result) {
    return settle<U>(result, f, std::move(from));
  }
  F f;
};

/// A function of the user's, destroyed when the library no longer needs it. If its destructor
/// throws, the exception is reported as unhandled, because no caller is concerned.
template <class F>
class UserFunction {
 public:
  explicit UserFunction(F&& function) : function_(std::move(function)) {}
  UserFunction(const UserFunction&) = delete;
  UserFunction& operator=(const UserFunction&) = delete;
  ~UserFunction() noexcept { reset(); }

  explicit operator bool() const noexcept { return present_; }
  F& operator*() noexcept { return function_; }
  const F& operator*() const noexcept { return function_; }

  void reset() noexcept {
    if (!std::exchange(present_, false)) return;
    try {
      function_.~F();
    } catch (...) {
      reportUnhandled(Failure::current());
    }
  }

 private:
  union {
    F function_;
  };
  bool present_ = true;
};

template <class T, class U, class Handler>
class CallbackLink final : public Holding<U, Link> {
 public:
  explicit CallbackLink(Handler&& handler) : handler_(std::move(handler)) {}

  Ref<Chain> run(Node& from) override {
    Ref<Chain> inner;
    try {
      Taken<T> taken(from);
      if (this->abandoned) {
        this->outcome.emplace(Failure(CancelledError()));
      } else {
        inner = (*handler_)(taken.outcome, this->outcome);
      }
    } catch (...) {  // moving a value threw
      this->outcome.emplace(Failure::current());
    }
    if (!inner) handler_.reset();  // its only call is over: this destroys its captures
    return inner;
  }
  /// Null when abandoned: nobody is told.
  const Failure* failure() const noexcept override {
    return this->abandoned ? nullptr : Holding<U, Link>::failure();
  }
  Ref<Node> failed(Failure failure) const override {
    Ref<Node> node(new Holding<U, Node>);
    node->fail(std::move(failure));
    return node;
  }

 private:
  void destroyCallback() noexcept override { handler_.reset(); }

  UserFunction<Handler> handler_;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
