// Estimates the size of a value without visiting all of it, to decide whether writing or freeing it
// would hold up the loop.
#pragma once

#include <phial/protocol/chunk_value.h>
#include <phial/protocol/large_memory.h>
#include <phial/protocol/value_traits.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// A value of this weight takes about a third of a millisecond to write or to free, three times as
/// long as handing it to another thread (about 0.1 ms). A unit is a copied byte, or work that takes
/// as long; an element costs 64 units, for its allocation or its place in the message. kHeavy is
/// thus about 4,000 short strings.
inline constexpr std::size_t kHeavy = 256 << 10;
inline constexpr std::size_t kElementWeight = 64;

/// The weight of a value, up to `most`. Counting ends there.
class Weight {
 public:
  /// The work that is weighed. Writing refers to long runs of bytes in place, see BorrowedBytes.
  /// Freeing gives their pages back.
  enum class Of { writing, freeing };

  explicit Weight(Of of, std::size_t most = kHeavy) : of_(of), left_(most), most_(most) {}

  Of of() const { return of_; }
  bool over() const { return left_ == 0; }
  std::size_t units() const { return most_ - left_; }

  void add(std::uint64_t units) {
    left_ -= static_cast<std::size_t>(std::min<std::uint64_t>(units, left_));
  }
  void addElements(std::size_t count) {
    add(std::min<std::uint64_t>(count, most_) * kElementWeight);
  }
  /// Adds a run of bytes.
  void addRun(std::uint64_t bytes) {
    if (of_ == Of::freeing) return add(bytes * kHeavy / kLargeBytes);
    const bool borrowed = bytes >= BorrowedBytes::kLeast && borrowed_ < BorrowedBytes::kMost;
    borrowed_ += borrowed ? 1 : 0;
    add(borrowed ? kElementWeight : bytes);
  }

 private:
  const Of of_;
  std::size_t left_;
  const std::size_t most_;
  unsigned borrowed_ = 0;
};

/// Adds the weight of `value`, as far as there is room for it.
template <class T>
void weigh(const T& value, Weight& weight);

template <class Range>
void weighElements(const Range& range, Weight& weight) {
  using T = std::ranges::range_value_t<const Range>;
  weight.addElements(static_cast<std::size_t>(std::ranges::size(range)));
  if constexpr (!kBounded<T>) {
    for (const auto& element : range) {
      if (weight.over()) return;
      weigh<T>(element, weight);
    }
  }
}

template <class T>
struct Weighing {
  static void weigh(const T& value, Weight& weight) {
    if constexpr (kBounded<T>) {
      weight.add(sizeof(T));
    } else if constexpr (PlainAggregate<T>) {
      weighFields(value, weight, FieldIndices<T>());
    } else {
      // A codec of the program's, or a type of Phial's that is no container: it travels whole.
      weight.add(Codec<T>::words(value) * sizeof(std::uint64_t));
    }
  }

 private:
  template <std::size_t... I>
  static void weighFields(const T& value, Weight& weight, std::index_sequence<I...>) {
    (detail::weigh<Field<T, I>>(boost::pfr::get<I>(value), weight), ...);
  }
};

// The size of a Message or Failure is not cheap to find, and cannot be found after a move.
template <class S>
struct Weighing<Message<S>> {
  static void weigh(const Message<S>& value, Weight& weight) {
    const bool writing = weight.of() == Weight::Of::writing;
    weight.add(writing ? Codec<Message<S>>::words(value) * sizeof(std::uint64_t) : kElementWeight);
  }
};
template <>
struct Weighing<Failure> {
  static void weigh(const Failure&, Weight& weight) { weight.add(kElementWeight); }
};
template <>
struct Weighing<std::string> {
  static void weigh(const std::string& value, Weight& weight) { weight.addRun(value.size()); }
};
template <class T, class Allocator>
struct Weighing<std::vector<T, Allocator>> {
  static void weigh(const std::vector<T, Allocator>& value, Weight& weight) {
    if constexpr (std::is_same_v<T, bool> || PackedNumber<T>) {
      weight.addRun(value.size() * sizeof(T));
    } else {
      weighElements(value, weight);
    }
  }
};
template <class T, std::size_t N>
  requires(!kBounded<T>)
struct Weighing<std::array<T, N>> {
  static void weigh(const std::array<T, N>& value, Weight& weight) { weighElements(value, weight); }
};
template <class T>
  requires(!kBounded<T>)
struct Weighing<std::optional<T>> {
  static void weigh(const std::optional<T>& value, Weight& weight) {
    if (value) detail::weigh<T>(*value, weight);
  }
};
template <class A, class B>
  requires(!kBounded<std::pair<A, B>>)
struct Weighing<std::pair<A, B>> {
  static void weigh(const std::pair<A, B>& value, Weight& weight) {
    detail::weigh<std::remove_cv_t<A>>(value.first, weight);
    detail::weigh<std::remove_cv_t<B>>(value.second, weight);
  }
};
template <class... T>
  requires(!kBounded<std::tuple<T...>>)
struct Weighing<std::tuple<T...>> {
  static void weigh(const std::tuple<T...>& value, Weight& weight) {
    std::apply([&](const auto&... member) { (detail::weigh<T>(member, weight), ...); }, value);
  }
};
template <class... T>
  requires(!kBounded<std::variant<T...>>)
struct Weighing<std::variant<T...>> {
  static void weigh(const std::variant<T...>& value, Weight& weight) {
    if (value.valueless_by_exception()) return;
    std::visit([&]<class A>(const A& held) { detail::weigh<A>(held, weight); }, value);
  }
};
template <class T>
  requires requires { typename T::key_type; }
struct Weighing<T> {
  static void weigh(const T& value, Weight& weight) { weighElements(value, weight); }
};
template <class E>
struct Weighing<Elements<E>> {
  static void weigh(const Elements<E>& value, Weight& weight) {
    if constexpr (std::is_same_v<Store<E>, std::vector<E>> && !PackedNumber<E>) {
      weighElements(std::span(*value.all).subspan(value.begin, value.count), weight);
    } else {
      weight.addRun(value.count * sizeof(E));
    }
  }
};
template <class R>
struct Weighing<ChunkResult<R>> {
  static void weigh(const ChunkResult<R>& value, Weight& weight) {
    if constexpr (std::is_same_v<typename ChunkResult<R>::Value, bool>) {
      weight.addRun(value.values.size());
    } else {
      detail::weigh(value.values, weight);
    }
    weight.addElements(value.failures.size());
  }
};

template <class T>
void weigh(const T& value, Weight& weight) {
  Weighing<T>::weigh(value, weight);
}

// --- Freeing ---

/// Types whose values may be heavy and can be destroyed on any thread.
template <class T>
inline constexpr bool kFreedAside = kStdAlone<T> && !kBounded<T>;

template <class T>
bool isHeavyToFree(const T& value) {
  Weight weight(Weight::Of::freeing);
  weigh(value, weight);
  return weight.over();
}

/// If `value` is heavy, destroys its content beside the loop and leaves `value` moved from. For
/// destructors, so it does not throw: if there is no memory for the task, `value` keeps its
/// content.
template <class T>
void freeAside(T& value) noexcept {
  if constexpr (kFreedAside<T>) {
    if (!isHeavyToFree(value)) return;
    try {
      destroyAside(std::make_unique<T>(std::move(value)));
    } catch (const std::bad_alloc&) {
    }
  }
}

/// Makes a shared value that is destroyed in this way, whichever holder is the last.
template <class T>
std::shared_ptr<T> shareFreedAside(T&& value) {
  if constexpr (!kFreedAside<T>) {
    return std::make_shared<T>(std::move(value));
  } else {
    struct Holder {
      explicit Holder(T&& held) : value(std::move(held)) {}
      ~Holder() { freeAside(value); }
      T value;
    };
    const auto holder = std::make_shared<Holder>(std::move(value));
    return {holder, &holder->value};
  }
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
