// Waiting for several Deferreds at once: gatherResults, DeferredList, race. After Twisted's
// functions of the same names.
//
// Each takes its Deferreds and returns one. Cancelling that one cancels all that are pending.
// Throws std::logic_error when one of them is empty.
#pragma once

#include <phial/master/deferred_joint.h>

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace phial {

/// DeferredList's failure with fireOnOneErrback: which one failed first, and how.
class FirstError : public Error {
 public:
  FirstError(std::size_t index, Failure failure);
  std::size_t index() const { return index_; }
  const Failure& failure() const { return failure_; }

 private:
  std::size_t index_;
  Failure failure_;
};

/// race's failure when nobody won: all the failures, in the order of the Deferreds.
class FailureGroup : public Error {
 public:
  explicit FailureGroup(std::vector<Failure> failures);
  const std::vector<Failure>& failures() const { return *failures_; }

 private:
  std::shared_ptr<const std::vector<Failure>> failures_;  // copying an exception must not throw
};

struct DeferredListOptions {
  /// Fire with the first success, as a list of just that one. Default: wait for all. Use race()
  /// to learn which one it was, and to have the others cancelled.
  bool fireOnOneCallback = false;
  /// Fail with the first failure, as FirstError. Default: wait for all.
  bool fireOnOneErrback = false;
  /// The list is all that hears of failures. Default: each is also reported as unhandled, for
  /// nobody handled it on its own Deferred.
  bool consumeErrors = false;
};

namespace detail {

template <class T>
using Gathered = std::conditional_t<std::is_void_v<T>, void, std::vector<T>>;

template <class T>
class Gather final : public Holding<Gathered<T>, JointSource> {
 public:
  explicit Gather(std::size_t count) : outcomes_(count), left_(count) {}

  bool arrived(std::size_t index, Node& result) override {
    outcomes_[index].emplace(take<T>(result));
    --left_;
    if (!outcomes_[index]->ok()) {
      this->fail(outcomes_[index]->failure());
      return true;
    }
    if (left_ == 0) succeed();
    return left_ == 0;
  }
  void letGo(Ref<Chain> chain) override { ignoreErrors<T>(std::move(chain)); }

  void succeed() {
    if constexpr (std::is_void_v<T>) {
      this->outcome.emplace();
    } else {
      std::vector<T> values;
      values.reserve(outcomes_.size());
      for (auto& one : outcomes_) values.push_back(std::move(*one).value());
      this->outcome.emplace(std::move(values));
    }
  }

 private:
  std::vector<std::optional<Outcome<T>>> outcomes_;
  std::size_t left_;
};

template <class T>
class List final : public Holding<std::vector<Outcome<T>>, JointSource> {
 public:
  List(std::size_t count, DeferredListOptions options)
      : outcomes_(count), left_(count), options_(options) {}

  bool arrived(std::size_t index, Node& result) override {
    Outcome<T> one = take<T>(result);
    if (!one.ok() && !options_.consumeErrors) reportUnhandled(one.failure());
    if (!one.ok() && options_.fireOnOneErrback) {
      this->fail(Failure(FirstError(index, one.failure())));
      return true;
    }
    const bool enough = one.ok() && options_.fireOnOneCallback;
    if (enough) outcomes_.clear();
    enough ? outcomes_.emplace_back(std::move(one)) : outcomes_[index].emplace(std::move(one));
    if (!enough && --left_ > 0) return false;
    succeed();
    return true;
  }
  void letGo(Ref<Chain> chain) override {
    if (options_.consumeErrors) ignoreErrors<T>(std::move(chain));
  }

  void succeed() {
    std::vector<Outcome<T>> list;
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
  void letGo(Ref<Chain> chain) override {
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

/// All the values, in the order of `deferreds`; a Deferred<void> when T is void. The first failure
/// fails it, as it is (Twisted wraps it into FirstError); the others go on and end unheard.
template <class T>
Deferred<detail::Gathered<T>> gatherResults(std::vector<Deferred<T>> deferreds) {
  using R = detail::Gathered<T>;
  detail::Ref<detail::Gather<T>> gather(new detail::Gather<T>(deferreds.size()));
  if (deferreds.empty()) {
    gather->succeed();
    return detail::Access::wrap<R>(detail::Chain::finished(std::move(gather)));
  }
  return detail::join<R>(std::move(gather), std::move(deferreds));
}

/// What became of each, in the order of `deferreds`; never fails, save for fireOnOneErrback.
/// Deferreds that are pending when it fires early go on.
template <class T>
Deferred<std::vector<Outcome<T>>> DeferredList(std::vector<Deferred<T>> deferreds,
                                               DeferredListOptions options = {}) {
  using R = std::vector<Outcome<T>>;
  detail::Ref<detail::List<T>> list(new detail::List<T>(deferreds.size(), options));
  if (deferreds.empty()) {
    list->succeed();
    return detail::Access::wrap<R>(detail::Chain::finished(std::move(list)));
  }
  return detail::join<R>(std::move(list), std::move(deferreds));
}

/// The first to succeed: its index and value, or just the index when T is void. The others are
/// cancelled before it fires. When all fail it fails with FailureGroup, or with CancelledError if
/// it was cancelled itself; at once when there are none.
template <class T>
Deferred<typename detail::Winner<T>::Type> race(std::vector<Deferred<T>> deferreds) {
  using R = typename detail::Winner<T>::Type;
  if (deferreds.empty()) return fail<R>(FailureGroup({}));
  detail::Ref<detail::Race<T>> race(new detail::Race<T>(deferreds.size()));
  return detail::join<R>(std::move(race), std::move(deferreds));
}

}  // namespace phial
