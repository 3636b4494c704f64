// Reads tuples, pairs, aggregates, optionals and variants in pieces: see value_sliced.h.
#pragma once

#include <phial/protocol/sliced_decode.h>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
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

/// Tuples, pairs and aggregates: reads one member after the other, then makes the value of them.
template <class T, class... Members>
struct SlicedMembers {
  static constexpr bool kWhole = kBounded<T>;

  static void guess(ValueReader value, ReadingCost& cost) { guessMembers<Members...>(value, cost); }
  static SlicedWork startAs(std::optional<T>& to, ValueReader value, Level level,
                            std::string_view what) {
    const Level inner = level.below();
    const auto list = listOf(value, sizeof...(Members), what);
    Read read;
    for (std::size_t i = 0; i < sizeof...(Members); ++i) {
      const auto part = kReaders[i](read, list[i], inner);
      co_await part;
      co_await Spent{kCosts[i]};
    }
    std::apply([&](auto&... member) { to.emplace(T{std::move(*member)...}); }, read);
  }

 private:
  using Read = std::tuple<std::optional<Members>...>;
  using Reader = SlicedWork (*)(Read&, ValueReader, Level);

  template <std::size_t I>
  static SlicedWork readMember(Read& to, ValueReader value, Level level) {
    using Member = typename std::tuple_element_t<I, Read>::value_type;
    return decodePart<Member>(std::get<I>(to), value, level);
  }
  template <std::size_t... I>
  static constexpr auto readers(std::index_sequence<I...>) {
    return std::array<Reader, sizeof...(I)>{&readMember<I>...};
  }
  static constexpr auto kReaders = readers(std::index_sequence_for<Members...>());
  static constexpr std::array<std::size_t, sizeof...(Members)> kCosts{kPartCost<Members>...};
};

template <class A, class B>
  requires kCodecOfPhial<std::pair<A, B>>
struct SlicedDecode<std::pair<A, B>> : SlicedMembers<std::pair<A, B>, A, B> {
  static SlicedWork start(std::optional<std::pair<A, B>>& to, ValueReader value, Level level) {
    return SlicedDecode::startAs(to, value, level, "members");
  }
};

template <class... T>
  requires kCodecOfPhial<std::tuple<T...>>
struct SlicedDecode<std::tuple<T...>> : SlicedMembers<std::tuple<T...>, T...> {
  static SlicedWork start(std::optional<std::tuple<T...>>& to, ValueReader value, Level level) {
    return SlicedDecode::startAs(to, value, level, "members");
  }
};

template <class T, class Indices>
struct FieldsOf;
template <class T, std::size_t... I>
struct FieldsOf<T, std::index_sequence<I...>> {
  using Type = SlicedMembers<T, Field<T, I>...>;
};

template <PlainAggregate T>
struct SlicedDecode<T> : FieldsOf<T, FieldIndices<T>>::Type {
  static SlicedWork start(std::optional<T>& to, ValueReader value, Level level) {
    return SlicedDecode::startAs(to, value, level, "fields");
  }
};

template <class T>
  requires(kCodecOfPhial<std::optional<T>> && !kBounded<T>)
struct SlicedDecode<std::optional<T>> {
  static constexpr bool kWhole = false;

  static void guess(ValueReader value, ReadingCost& cost) {
    if (Codec<std::optional<T>>::kWrapped) {
      guessMembers<T>(value, cost);
    } else {
      guessReading<T>(value, cost);
    }
  }
  static SlicedWork start(std::optional<std::optional<T>>& to, ValueReader value, Level level) {
    const Level inner = level.below();
    auto& result = to.emplace();
    if (value.isVoid()) co_return;
    constexpr bool kWrapped = Codec<std::optional<T>>::kWrapped;
    const auto held = kWrapped ? listOf(value, 1, "members (of an optional)")[0] : value;
    const auto part = decodePart<T>(result, held, inner);
    co_await part;
  }
};

template <class... T>
  requires(kCodecOfPhial<std::variant<T...>> && !(kBounded<T> && ...))
struct SlicedDecode<std::variant<T...>> {
  using Variant = std::variant<T...>;
  static constexpr bool kWhole = false;

  static void guess(ValueReader value, ReadingCost& cost) {
    if (!value.isList() || value.getList().size() != 2) return;
    const auto list = value.getList();
    const auto index = list[0].isUint() ? list[0].getUint() : sizeof...(T);
    std::size_t i = 0;
    ((i++ == index ? guessReading<T>(list[1], cost) : void()), ...);
  }
  static SlicedWork start(std::optional<Variant>& to, ValueReader value, Level level) {
    const auto list = listOf(value, 2, "members (index and value of a variant)");
    const auto index = decodeUnsigned(list[0], 64);
    if (index >= sizeof...(T)) {
      throwEncoding("expected a variant's index below " + std::to_string(sizeof...(T)) +
                    ", found " + std::to_string(index));
    }
    return startAlternative(to, index, list[1], level.below(), std::index_sequence_for<T...>());
  }

 private:
  template <std::size_t I>
  static SlicedWork startAs(std::optional<Variant>& to, ValueReader value, Level level) {
    using Alternative = std::variant_alternative_t<I, Variant>;
    std::optional<Alternative> one;
    const auto part = decodePart<Alternative>(one, value, level);
    co_await part;
    to.emplace(std::in_place_index<I>, std::move(*one));
  }
  template <std::size_t... I>
  static SlicedWork startAlternative(std::optional<Variant>& to, std::uint64_t index,
                                     ValueReader value, Level level, std::index_sequence<I...>) {
    using Start = SlicedWork (*)(std::optional<Variant>&, ValueReader, Level);
    constexpr Start kStarts[] = {&startAs<I>...};
    return kStarts[index](to, value, level);
  }
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
