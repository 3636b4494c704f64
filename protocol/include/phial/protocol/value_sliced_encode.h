// Writes large values to a message piece by piece: encodeSliced() does what encode() does, with the
// pauses of decodeSliced(), see value_sliced.h.
#pragma once

#include <phial/protocol/sliced_work.h>
#include <phial/protocol/value_sliced.h>
#include <phial/protocol/value_weight.h>

#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <variant>

// g++ warns about a coroutine's frame when it has a type in an unnamed namespace, as types in a
// program's main file often have.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

template <class T>
struct SlicedEncode;

/// Writes `value` to `to`. Both are borrowed until the work has ended.
template <class T>
SlicedWork encodeSliced(const T& value, ValueWriter to, Level level = {}) {
  return SlicedEncode<T>::start(value, to, level);
}

template <class T>
void encodeAt(const T& value, ValueWriter to, Level level) {
  const AtDepth depth(level);
  encodeValue(value, to);
}

/// True if values of T are written in one piece, however large.
template <class T>
inline constexpr bool kWrittenWhole = SlicedDecode<T>::kWhole;

/// Writes a part at once if this does not take long; otherwise in pieces.
template <class T>
SlicedWork encodePart(const T& value, ValueWriter to, Level level) {
  if constexpr (!kWrittenWhole<T>) {
    if constexpr (!kStdAlone<T>) return SlicedEncode<T>::start(value, to, level);
    Weight weight(Weight::Of::writing, kPieceBytes / 4);
    weigh(value, weight);
    if (weight.over()) return SlicedEncode<T>::start(value, to, level);
  }
  encodeAt(value, to, level);
  return {};
}

/// Copies `bytes` into chunks that were made for them.
SlicedWork fillSliced(RawChunks chunks, std::span<const std::byte> bytes);

template <class T>
struct SlicedEncode {
  static SlicedWork start(const T& value, ValueWriter to, Level level) {
    if constexpr (PlainAggregate<T>) {
      return startFields(value, to, level, FieldIndices<T>());
    } else {
      encodeAt(value, to, level);
      return {};
    }
  }

 private:
  // Members are written one after the other, each to its place in the list.
  template <std::size_t... I>
  static SlicedWork startFields(const T& value, ValueWriter to, Level level,
                                std::index_sequence<I...>) {
    using Write = SlicedWork (*)(const T&, ValueWriter, Level);
    static constexpr std::array<Write, sizeof...(I)> kWrites{&writeField<I>...};
    static constexpr std::array<std::size_t, sizeof...(I)> kCosts{kPartCost<Field<T, I>>...};
    const Level inner = level.below();
    auto list = to.initList(sizeof...(I));
    for (std::size_t i = 0; i < sizeof...(I); ++i) {
      const auto part = kWrites[i](value, list[i], inner);
      co_await part;
      co_await Spent{kCosts[i]};
    }
  }
  template <std::size_t I>
  static SlicedWork writeField(const T& value, ValueWriter to, Level level) {
    return encodePart<Field<T, I>>(boost::pfr::get<I>(value), to, level);
  }
};

template <>
struct SlicedEncode<std::string> {
  static SlicedWork start(const std::string& value, ValueWriter to, Level level);
};

/// `Range` is a view, or a reference to an object that outlives the work.
template <class Range>
SlicedWork encodeElements(Range range, ValueWriter to, Level level) {
  using T = std::ranges::range_value_t<Range>;
  const Level inner = level.below();
  auto list = to.initList(std::ranges::size(range));
  std::size_t index = 0;
  for (const auto& element : range) {
    const auto part = encodePart<T>(element, list[index++], inner);
    co_await part;
    co_await Spent{kPartCost<T>};
  }
}

/// Elements in a row: a vector or a part of one.
template <class T>
SlicedWork encodeRow(std::span<const T> values, ValueWriter to, Level level) {
  if constexpr (ByteLike<T>) {
    return fillSliced(initData(values.size(), to), std::as_bytes(values));
  } else if constexpr (PackedNumber<T>) {
    return fillSliced(initPacked(numberOf<T>(), values.size_bytes(), to), std::as_bytes(values));
  } else {
    return encodeElements<std::span<const T>>(values, to, level);
  }
}

template <class T, class Allocator>
  requires(kCodecOfPhial<std::vector<T, Allocator>> && !std::is_same_v<T, bool>)
struct SlicedEncode<std::vector<T, Allocator>> {
  static SlicedWork start(const std::vector<T, Allocator>& value, ValueWriter to, Level level) {
    return encodeRow(std::span<const T>(value), to, level);
  }
};

template <class T, std::size_t N>
  requires(kCodecOfPhial<std::array<T, N>> && !kBounded<T>)
struct SlicedEncode<std::array<T, N>> {
  static SlicedWork start(const std::array<T, N>& value, ValueWriter to, Level level) {
    return encodeElements<const std::array<T, N>&>(value, to, level);
  }
};

template <class Tuple>
struct SlicedTupleEncode {
  static SlicedWork start(const Tuple& value, ValueWriter to, Level level) {
    return startMembers(value, to, level, std::make_index_sequence<std::tuple_size_v<Tuple>>());
  }

 private:
  template <std::size_t I>
  using Member = std::tuple_element_t<I, Tuple>;

  template <std::size_t... I>
  static SlicedWork startMembers(const Tuple& value, ValueWriter to, Level level,
                                 std::index_sequence<I...>) {
    using Write = SlicedWork (*)(const Tuple&, ValueWriter, Level);
    static constexpr std::array<Write, sizeof...(I)> kWrites{&writeMember<I>...};
    static constexpr std::array<std::size_t, sizeof...(I)> kCosts{kPartCost<Member<I>>...};
    const Level inner = level.below();
    auto list = to.initList(sizeof...(I));
    for (std::size_t i = 0; i < sizeof...(I); ++i) {
      const auto part = kWrites[i](value, list[i], inner);
      co_await part;
      co_await Spent{kCosts[i]};
    }
  }
  template <std::size_t I>
  static SlicedWork writeMember(const Tuple& value, ValueWriter to, Level level) {
    return encodePart<Member<I>>(std::get<I>(value), to, level);
  }
};

template <class A, class B>
  requires kCodecOfPhial<std::pair<A, B>>
struct SlicedEncode<std::pair<A, B>> : SlicedTupleEncode<std::pair<A, B>> {};
template <class... T>
  requires kCodecOfPhial<std::tuple<T...>>
struct SlicedEncode<std::tuple<T...>> : SlicedTupleEncode<std::tuple<T...>> {};

template <class T>
  requires(
      kCodecOfPhial<T> && requires { typename T::key_type; } &&
      !requires { typename T::mapped_type; })
struct SlicedEncode<T> {
  static SlicedWork start(const T& value, ValueWriter to, Level level) {
    return encodeElements<const T&>(value, to, level);
  }
};

template <class T>
  requires(kCodecOfPhial<T> && requires { typename T::mapped_type; })
struct SlicedEncode<T> {
  static SlicedWork start(const T& value, ValueWriter to, Level level) {
    using K = typename T::key_type;
    using V = typename T::mapped_type;
    const Level inner = level.below();
    auto entries = to.initMap(value.size());
    std::size_t index = 0;
    for (const auto& [key, mapped] : value) {
      const auto keyPart = encodePart<K>(key, entries.key(index), inner);
      co_await keyPart;
      const auto mappedPart = encodePart<V>(mapped, entries.value(index++), inner);
      co_await mappedPart;
      co_await Spent{kStdAlone<T> ? 2 * kElementCost : kWholePiece};
    }
  }
};

template <class T>
  requires(kCodecOfPhial<std::optional<T>> && !kBounded<T>)
struct SlicedEncode<std::optional<T>> {
  static SlicedWork start(const std::optional<T>& value, ValueWriter to, Level level) {
    const Level inner = level.below();
    if (!value) {
      to.setVoid();
      return {};
    }
    constexpr bool kWrapped = Codec<std::optional<T>>::kWrapped;
    return encodePart<T>(*value, kWrapped ? to.initList(1)[0] : to, inner);
  }
};

template <class... T>
  requires(kCodecOfPhial<std::variant<T...>> && !(kBounded<T> && ...))
struct SlicedEncode<std::variant<T...>> {
  static SlicedWork start(const std::variant<T...>& value, ValueWriter to, Level level) {
    const Level inner = level.below();
    if (value.valueless_by_exception()) throwEncoding("a variant without a value cannot be sent");
    auto list = to.initList(2);
    list[0].setUint(value.index());
    return std::visit([&]<class A>(const A& held) { return encodePart<A>(held, list[1], inner); },
                      value);
  }
};

/// A chunk of a map.
template <class E>
struct SlicedDecode<Elements<E>> {
  static constexpr bool kWhole = false;
};
template <class E>
struct SlicedEncode<Elements<E>> {
  static SlicedWork start(const Elements<E>& value, ValueWriter to, Level level) {
    if constexpr (std::is_same_v<Store<E>, std::vector<E>> && !std::is_same_v<E, std::monostate>) {
      return encodeRow(std::span<const E>(*value.all).subspan(value.begin, value.count), to, level);
    } else {
      encodeAt(value, to, level);
      return {};
    }
  }
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
