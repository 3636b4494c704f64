// Waiting for the values of several Deferreds. After Twisted's gatherResults.
//
// Deferreds of one type give a vector, Deferreds of different types a tuple:
//
//     gatherResults(std::move(a), std::move(b)).addCallback([](std::vector<int> both) { ... });
//     auto [user, orders] = co_await gatherResults(findUser(id), findOrders(id));
//
// Cancelling the returned Deferred cancels every given Deferred that is pending. Throws
// std::logic_error when a given Deferred is empty.
//
// Thread rule: the loop's thread. Included by deferred_list.h.
#pragma once

#include <phial/master/detail/deferred_joint.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

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
      this->fail(outcomes_[index]->failure().atIndex(index));
      return true;
    }
    if (left_ == 0) succeed();
    return left_ == 0;
  }
  void letGo(std::size_t, Ref<Chain> chain) override { ignoreErrors<T>(std::move(chain)); }

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

/// What stands for a Deferred<T> in the tuple of gatherResults.
template <class T>
using TupleElement = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class... T>
class GatherTuple final : public Holding<std::tuple<TupleElement<T>...>, JointSource> {
  using Values = std::tuple<TupleElement<T>...>;

 public:
  bool arrived(std::size_t index, Node& result) override {
    constexpr std::array<bool (GatherTuple::*)(Node&), sizeof...(T)> kTakers = takers(kAll);
    if (!(this->*kTakers[index])(result)) return true;
    if (--left_ > 0) return false;
    std::apply([this](auto&... value) { this->outcome.emplace(Values(std::move(*value)...)); },
               values_);
    return true;
  }
  void letGo(std::size_t index, Ref<Chain> chain) override {
    constexpr std::array<void (*)(Ref<Chain>), sizeof...(T)> kIgnore{&ignoreErrors<T>...};
    kIgnore[index](std::move(chain));
  }

 private:
  static constexpr auto kAll = std::index_sequence_for<T...>();

  template <std::size_t... I>
  static constexpr std::array<bool (GatherTuple::*)(Node&), sizeof...(T)> takers(
      std::index_sequence<I...>) {
    return {&GatherTuple::template takeOne<I, T>...};
  }
  /// Returns false when the result is a failure, which is then the combined result.
  template <std::size_t index, class One>
  bool takeOne(Node& result) {
    Outcome<One> one = take<One>(result);
    if (!one.ok()) {
      this->fail(one.failure().atIndex(index));
    } else if constexpr (std::is_void_v<One>) {
      std::get<index>(values_).emplace();
    } else {
      std::get<index>(values_).emplace(std::move(one).value());
    }
    return static_cast<bool>(std::get<index>(values_));
  }

  std::tuple<std::optional<TupleElement<T>>...> values_;
  std::size_t left_ = sizeof...(T);
};

/// A Deferred of any type, or a class derived from one.
template <class D>
concept AnyDeferred = requires {
  typename std::remove_cvref_t<D>::Value;
} && std::derived_from<std::remove_cvref_t<D>, Deferred<typename std::remove_cvref_t<D>::Value>>;
template <class D>
using ValueOf = typename std::remove_cvref_t<D>::Value;

template <class D, class T>
concept DeferredOf = AnyDeferred<D> && std::same_as<ValueOf<D>, T>;
template <class T, class... Ds>
constexpr bool kAreDeferreds = (DeferredOf<Ds, T> && ...);

/// Deferreds of at least two types.
template <class First, class... Ds>
concept MixedDeferreds = AnyDeferred<First> && (AnyDeferred<Ds> && ...) &&
                         !(std::same_as<ValueOf<First>, ValueOf<Ds>> && ...);

/// Moves the arguments into a vector.
template <class T, class... Ds>
std::vector<Deferred<T>> asVector(Deferred<T>&& first, Ds&&... others) {
  static_assert((!std::is_lvalue_reference_v<Ds> && ...),
                "Deferreds are consumed: write std::move(a), std::move(b)");
  std::vector<Deferred<T>> deferreds;
  deferreds.reserve(1 + sizeof...(Ds));
  deferreds.push_back(std::move(first));
  (deferreds.push_back(std::move(others)), ...);
  return deferreds;
}
}  // namespace detail

/// Waits for all `deferreds` and returns their values in order; a Deferred<void> when T is void.
/// The first failure fails it with the same Failure (Twisted wraps it into FirstError).
/// Failure::index() then says which Deferred failed; it replaces an index that the Failure has from
/// a map or from another gatherResults. The other Deferreds go on; their results and failures are
/// dropped.
template <class T>
Deferred<detail::Gathered<T>> gatherResults(std::vector<Deferred<T>> deferreds) {
  using R = detail::Gathered<T>;
  detail::Ref<detail::Gather<T>> gather(new detail::Gather<T>(deferreds.size()));
  if (deferreds.empty()) {
    gather->succeed();
    return detail::Access::wrap<R>(detail::Chain::finished(std::move(gather)));
  }
  return detail::join<R>(std::move(gather), detail::unwrapAll(deferreds));
}

/// The same for Deferreds of one type that are given one by one.
template <class T, class... Ds>
  requires detail::kAreDeferreds<T, Ds...>
auto gatherResults(Deferred<T>&& first, Ds&&... others) {
  return gatherResults(detail::asVector(std::move(first), std::forward<Ds>(others)...));
}

/// The same for Deferreds of different types: waits for all, and returns a std::tuple of their
/// values in the order of the arguments; a Deferred<void> gives a std::monostate. Failures and
/// cancelling are as above.
template <class First, class... Ds>
  requires detail::MixedDeferreds<First, Ds...>
auto gatherResults(First&& first, Ds&&... others) {
  static_assert(
      !std::is_lvalue_reference_v<First> && (!std::is_lvalue_reference_v<Ds> && ...),
      "gatherResults consumes the Deferreds: write gatherResults(std::move(a), std::move(b))");
  using R = std::tuple<detail::TupleElement<detail::ValueOf<First>>,
                       detail::TupleElement<detail::ValueOf<Ds>>...>;
  using Joint = detail::GatherTuple<detail::ValueOf<First>, detail::ValueOf<Ds>...>;
  std::vector<detail::Ref<detail::Chain>> chains;
  chains.reserve(1 + sizeof...(Ds));
  chains.push_back(detail::Access::unwrap(first));
  (chains.push_back(detail::Access::unwrap(others)), ...);
  return detail::join<R>(detail::Ref<Joint>(new Joint), std::move(chains));
}

// These overloads refuse what does not work, and each error says what to write instead: named
// Deferreds or a named vector without std::move, and braces.
template <class T, class... Ds>
  requires detail::kAreDeferreds<T, Ds...>
auto gatherResults(const Deferred<T>&, const Ds&...) {
  static_assert(
      detail::kNever<T>,
      "gatherResults consumes the Deferreds: write gatherResults(std::move(a), std::move(b))");
  return decltype(gatherResults(std::vector<Deferred<T>>()))();
}
template <class T>
auto gatherResults(std::vector<Deferred<T>>& deferreds) {
  static_assert(detail::kNever<T>,
                "gatherResults consumes the Deferreds: write gatherResults(std::move(deferreds))");
  return decltype(gatherResults(std::move(deferreds)))();
}
template <class T, std::size_t count>
auto gatherResults(Deferred<T> (&&)[count]) {
  static_assert(detail::kNever<T>,
                "gatherResults takes no braces: write gatherResults(std::move(a), std::move(b))");
  return decltype(gatherResults(std::vector<Deferred<T>>()))();
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
