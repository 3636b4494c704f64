// Waiting for several Deferreds at once: gatherResults (gather_results.h), DeferredList, race.
// After Twisted's functions of the same names.
//
// Each function takes Deferreds of one type, as a std::vector or one by one, and returns one
// Deferred:
//
//     race(std::move(a), std::move(b)).addCallback([](std::pair<std::size_t, int> first) { ... });
//
// Cancelling the returned Deferred cancels every given Deferred that is pending. Throws
// std::logic_error when a given Deferred is empty.
#pragma once

#include <phial/master/detail/deferred_joint.h>
#include <phial/master/gather_results.h>  // IWYU pragma: export

#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// The failure of a DeferredList with fireOnOneErrback: which Deferred failed first, and how.
class FirstError : public Error {
 public:
  FirstError(std::size_t index, Failure failure);
  /// The place of the failed Deferred in the list.
  std::size_t index() const { return index_; }
  /// The failure of this Deferred.
  const Failure& failure() const { return failure_; }

 private:
  std::size_t index_;
  Failure failure_;
};

/// The failure of a race that nobody won: all failures, in the order of the Deferreds.
class FailureGroup : public Error {
 public:
  explicit FailureGroup(std::vector<Failure> failures);
  const std::vector<Failure>& failures() const { return *failures_; }

 private:
  std::shared_ptr<const std::vector<Failure>> failures_;  // copying an exception must not throw
};

struct DeferredListOptions {
  /// True: fire with the first success. The result then holds only this outcome, and its `index`
  /// says which Deferred it is of. If all fail, the list fires with all outcomes. A list of no
  /// Deferreds never fires. Default: wait for all. To have the other Deferreds cancelled use
  /// race().
  bool fireOnOneCallback = false;
  /// True: fail with the first failure, as FirstError. Default: wait for all.
  bool fireOnOneErrback = false;
  /// True: the list consumes the failures. Default: the list holds each failure, and each failure
  /// is also reported as unhandled.
  bool consumeErrors = false;
};

/// The result of a DeferredList: the outcomes, in the order of the Deferreds.
template <class T>
class DeferredListResult : public std::vector<Outcome<T>> {
 public:
  DeferredListResult() = default;
  explicit DeferredListResult(std::vector<Outcome<T>> outcomes)
      : std::vector<Outcome<T>>(std::move(outcomes)) {}

  /// With fireOnOneCallback: the place of the Deferred that succeeded first. Empty when the list
  /// fired with all outcomes.
  std::optional<std::size_t> index;
};

namespace detail {

template <class T>
class List final : public Holding<DeferredListResult<T>, JointSource> {
 public:
  List(std::size_t count, DeferredListOptions options)
      : outcomes_(count), left_(count), options_(options) {}

  bool arrived(std::size_t index, Node& result) override {
    Outcome<T> one = take<T>(result);
    if (!one.ok() && !options_.consumeErrors) this->unheard_ = one.failure();
    if (!one.ok() && options_.fireOnOneErrback) {
      this->fail(Failure(FirstError(index, one.failure())));
      return true;
    }
    if (one.ok() && options_.fireOnOneCallback) {
      DeferredListResult<T> first;
      first.push_back(std::move(one));
      first.index = index;
      this->outcome.emplace(std::move(first));
      return true;
    }
    outcomes_[index].emplace(std::move(one));
    if (--left_ > 0) return false;
    succeed();
    return true;
  }
  void letGo(std::size_t, Ref<Chain> chain) override {
    if (options_.consumeErrors) ignoreErrors<T>(std::move(chain));
  }

  void succeed() {
    DeferredListResult<T> list;
    list.reserve(outcomes_.size());
    for (auto& one : outcomes_) list.push_back(std::move(*one));
    this->outcome.emplace(std::move(list));
  }

 private:
  std::vector<std::optional<Outcome<T>>> outcomes_;
  std::size_t left_;
  DeferredListOptions options_;
};

template <class T>
struct Winner {
  using Type = std::pair<std::size_t, T>;
};
template <>
struct Winner<void> {
  using Type = std::size_t;
};

template <class T>
class Race final : public Holding<typename Winner<T>::Type, JointSource> {
 public:
  explicit Race(std::size_t count) : failures_(count), left_(count) {}

  bool arrived(std::size_t index, Node& result) override {
    Outcome<T> one = take<T>(result);
    if (!one.ok()) {
      failures_[index].emplace(one.failure());
      if (--left_ == 0) failAll();
      return left_ == 0;
    }
    if constexpr (std::is_void_v<T>) {
      this->outcome.emplace(index);
    } else {
      this->outcome.emplace(std::pair<std::size_t, T>(index, std::move(one).value()));
    }
    return true;
  }
  void letGo(std::size_t, Ref<Chain> chain) override {
    ignoreErrors<T>(chain);
    Chain::cancel(std::move(chain));
  }

  void failAll() {
    if (this->cancelled_) return this->fail(Failure(CancelledError()));
    std::vector<Failure> all;
    all.reserve(failures_.size());
    for (auto& failure : failures_) all.push_back(std::move(*failure));
    this->fail(Failure(FailureGroup(std::move(all))));
  }

 private:
  std::vector<std::optional<Failure>> failures_;
  std::size_t left_;
};

}  // namespace detail

/// Waits for all `deferreds` and returns their outcomes in order. Never fails, except with
/// fireOnOneErrback. If the list fires early, the pending Deferreds go on. A list of no Deferreds
/// has fired at once; with fireOnOneCallback it never fires, and only cancel() ends it.
template <class T>
Deferred<DeferredListResult<T>> DeferredList(std::vector<Deferred<T>> deferreds,
                                             DeferredListOptions options = {}) {
  using R = DeferredListResult<T>;
  if (deferreds.empty() && options.fireOnOneCallback) return newDeferred<R>().deferred;
  detail::Ref<detail::List<T>> list(new detail::List<T>(deferreds.size(), options));
  if (deferreds.empty()) {
    list->succeed();
    return detail::Access::wrap<R>(detail::Chain::finished(std::move(list)));
  }
  return detail::join<R>(std::move(list), detail::unwrapAll(deferreds));
}

/// Waits for the first success. Returns its index and value; only the index when T is void. The
/// other Deferreds are cancelled before the race fires; their results, failures and exceptions of
/// their cancellers are dropped. If all fail, the race fails with FailureGroup, or with
/// CancelledError if the race itself was cancelled. A race of no Deferreds has failed at once.
template <class T>
Deferred<typename detail::Winner<T>::Type> race(std::vector<Deferred<T>> deferreds) {
  using R = typename detail::Winner<T>::Type;
  if (deferreds.empty()) return fail<R>(FailureGroup({}));
  detail::Ref<detail::Race<T>> race(new detail::Race<T>(deferreds.size()));
  return detail::join<R>(std::move(race), detail::unwrapAll(deferreds));
}

// --- Deferreds given one by one ---

/// The same functions for Deferreds of one type, given one by one.
template <class T, class... Ds>
  requires detail::kAreDeferreds<T, Ds...>
auto DeferredList(Deferred<T>&& first, Ds&&... others) {
  return DeferredList(detail::asVector(std::move(first), std::forward<Ds>(others)...));
}
template <class T, class... Ds>
  requires detail::kAreDeferreds<T, Ds...>
auto race(Deferred<T>&& first, Ds&&... others) {
  return race(detail::asVector(std::move(first), std::forward<Ds>(others)...));
}

// These overloads refuse what does not work, and each error says what to write instead: named
// Deferreds or a named vector without std::move, and braces.
template <class T, class... Ds>
  requires detail::kAreDeferreds<T, Ds...>
auto DeferredList(const Deferred<T>&, const Ds&...) {
  static_assert(
      detail::kNever<T>,
      "DeferredList consumes the Deferreds: write DeferredList(std::move(a), std::move(b))");
  return decltype(DeferredList(std::vector<Deferred<T>>()))();
}
template <class T>
auto DeferredList(std::vector<Deferred<T>>& deferreds, DeferredListOptions = {}) {
  static_assert(detail::kNever<T>,
                "DeferredList consumes the Deferreds: write DeferredList(std::move(deferreds))");
  return decltype(DeferredList(std::move(deferreds)))();
}
template <class T, std::size_t count>
auto DeferredList(Deferred<T> (&&)[count], DeferredListOptions = {}) {
  static_assert(detail::kNever<T>,
                "DeferredList takes no braces: write DeferredList(std::move(a), std::move(b))");
  return decltype(DeferredList(std::vector<Deferred<T>>()))();
}
template <class T, class... Ds>
  requires detail::kAreDeferreds<T, Ds...>
auto race(const Deferred<T>&, const Ds&...) {
  static_assert(detail::kNever<T>,
                "race consumes the Deferreds: write race(std::move(a), std::move(b))");
  return decltype(race(std::vector<Deferred<T>>()))();
}
template <class T>
auto race(std::vector<Deferred<T>>& deferreds) {
  static_assert(detail::kNever<T>, "race consumes the Deferreds: write race(std::move(deferreds))");
  return decltype(race(std::move(deferreds)))();
}
template <class T, std::size_t count>
auto race(Deferred<T> (&&)[count]) {
  static_assert(detail::kNever<T>, "race takes no braces: write race(std::move(a), std::move(b))");
  return decltype(race(std::vector<Deferred<T>>()))();
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
