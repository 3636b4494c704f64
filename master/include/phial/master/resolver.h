// The producer's end of a Deferred: Resolver and newDeferred.
//
// Included by deferred.h, which says when callbacks run and how exceptions travel.
//
// Thread rule: a Resolver belongs to the thread of its Deferred, the loop's. To fire it from
// another thread use Reactor::callFromThread.
#pragma once

#include <phial/master/deferred.h>

#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {

/// Stands for "no canceller".
struct NoCanceller {};

template <class T, class C>
class ResolvedSource final : public Holding<T, Source> {
 public:
  explicit ResolvedSource(C&& canceller) : canceller_(std::move(canceller)) {}

  WaitingFor waitingFor() const override {
    if constexpr (requires(const C& c) { c.waitingFor(); }) {
      if (canceller_) return (*canceller_).waitingFor();
    }
    return {"a Resolver", {}};
  }

  void cancel(std::vector<Ref<Chain>>&) override {
    if (cancelling_) return;  // from within the canceller
    if constexpr (std::is_same_v<C, NoCanceller>) {
      this->swallowNext();
      this->failNow(Failure(CancelledError()));
    } else {
      cancelling_ = true;
      try {
        if (canceller_) runCanceller();
      } catch (...) {
        return this->failNow(Failure::current());
      }
      if (!this->fired()) this->failNow(Failure(CancelledError()));
    }
  }

 private:
  void runCanceller() {
    C canceller = std::move(*canceller_);  // firing destroys the canceller in the source
    canceller_.reset();
    if constexpr (std::is_invocable_v<C&, Resolver<T>&>) {
      auto resolver = Access::resolver<T>(Ref<Holding<T, Source>>(this));
      canceller(resolver);
    } else {
      static_assert(std::is_invocable_v<C&>,
                    "a canceller is called with a Resolver<T>& or with nothing");
      canceller();
    }
  }

  void discard() noexcept override { canceller_.reset(); }

  UserFunction<C> canceller_;
  bool cancelling_ = false;
};

}  // namespace detail

/// Fires a Deferred. Copies of a Resolver fire the same Deferred. Firing it a second time throws
/// AlreadyCalledError; if the Deferred was cancelled and has no canceller, the first result after
/// the cancellation is swallowed instead.
template <class T>
class Resolver {
 public:
  /// Makes an empty Resolver; firing it throws std::logic_error.
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

  /// Succeeds with `value` and runs the callbacks before it returns. If converting or moving
  /// `value` throws, the Deferred fails with this exception.
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

  /// Fails and runs the errbacks before it returns. Takes a Failure, a std::exception_ptr or any
  /// exception object.
  void errback(Failure failure) const {
    settle([&](auto& outcome) { outcome.emplace(std::move(failure)); });
  }
  template <class E>
    requires(!std::is_same_v<E, Failure>)
  void errback(E exception) const {
    errback(Failure(std::move(exception)));
  }

  /// True when the Deferred has a result or was cancelled. REQUIRES: not empty (std::logic_error).
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

/// The two ends of a new Deferred.
template <class T>
struct NewDeferred {
  Deferred<T> deferred;
  Resolver<T> resolver;
};

/// Makes a Deferred and the Resolver that fires it. cancel() calls `canceller` at most once, and
/// only while the Deferred is pending, with a Resolver<T>& or with nothing. The canceller should
/// stop the work; it may fire the Deferred. It is destroyed when the Deferred fires. A Deferred
/// with a canceller swallows no late result: code that may still call back after a cancellation
/// must check called() first.
template <class T, class C = detail::NoCanceller>
NewDeferred<T> newDeferred(C canceller = {}) {
  detail::Ref<detail::Holding<T, detail::Source>> source(
      new detail::ResolvedSource<T, C>(std::move(canceller)));
  auto resolver = detail::Access::resolver<T>(source);
  return {detail::Access::wrap<T>(detail::Chain::pending(std::move(source))), std::move(resolver)};
}

/// Passes the result of `from` to `to`, which must not have fired: Twisted's
/// Deferred.chainDeferred. The returned Deferred fires afterwards; it fails with AlreadyCalledError
/// when `to` had fired. If converting or moving the value throws, the Deferred of `to` fails.
/// Cancelling the Deferred of `to` does not cancel `from`. To have the result of a Deferred inside
/// a callback chain, return the Deferred from a callback instead.
template <class T, class U>
  requires(std::is_void_v<U> ? std::is_void_v<T> : std::is_convertible_v<T, U>)
Deferred<void> chainDeferred(Deferred<T> from, Resolver<U> to) {
  return std::move(from).addBoth([to = std::move(to)](Outcome<T> outcome) {
    if (!outcome.ok()) {
      to.errback(outcome.failure());
    } else if constexpr (std::is_void_v<T>) {
      to.callback();
    } else {
      to.callback(std::move(outcome).value());
    }
  });
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
