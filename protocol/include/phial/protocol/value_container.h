// Codecs of std::optional, pair, tuple, variant, maps and sets.
#pragma once

#include <phial/protocol/value_sequence.h>

#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>

#pragma GCC visibility push(default)

namespace phial::inline v1 {
namespace detail {

/// True if a T may be encoded as void: an optional of it then needs another form for its values.
template <class T>
inline constexpr bool kMayBeVoid = requires { requires Codec<T>::kMayBeVoid; };

/// Returns the entries of the map that `value` holds. Every entry is backed by bytes of the
/// message. Throws EncodingError when `value` holds no map.
MapReader mapOf(ValueReader value);

/// The words of a map's own structure, without keys and values.
std::uint64_t mapWords(std::size_t count);

[[noreturn]] void throwDuplicate(std::string_view what);

template <class Tuple>
struct TupleCodec {
  using OfPhial = Tuple;
  static constexpr std::size_t kSize = std::tuple_size_v<Tuple>;

  static std::uint64_t words(const Tuple& value) {
    const Nesting nesting;
    return std::apply([](const auto&... member) { return (kListWords + ... + valueWords(member)); },
                      value);
  }
  static void write(const Tuple& value, ValueWriter to) {
    const Nesting nesting;
    auto list = to.initList(kSize);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (encodeValue(std::get<I>(value), list[I]), ...);
    }(std::make_index_sequence<kSize>());
  }
  static Tuple read(ValueReader value) {
    const Nesting nesting;
    const auto list = listOf(value, kSize, "members");
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return Tuple{decodeValue<std::tuple_element_t<I, Tuple>>(list[I])...};
    }(std::make_index_sequence<kSize>());
  }
};

template <class Set>
struct SetCodec {
  using OfPhial = Set;
  static std::uint64_t words(const Set& value) { return rangeWords(value); }
  static void write(const Set& value, ValueWriter to) { encodeRange(value, to); }
  static Set read(ValueReader value) {
    const Nesting nesting;
    Set result;
    for (const auto element : listOf(value)) {
      const auto size = result.size();
      result.insert(result.end(), decodeValue<typename Set::value_type>(element));
      if (result.size() == size) throwDuplicate("element");
    }
    return result;
  }
};

template <class Map>
struct MapCodec {
  using OfPhial = Map;
  static std::uint64_t words(const Map& map) {
    const Nesting nesting;
    std::uint64_t words = mapWords(map.size());
    for (const auto& [key, value] : map) words += valueWords(key) + valueWords(value);
    return words;
  }
  static void write(const Map& map, ValueWriter to) {
    const Nesting nesting;
    auto entries = to.initMap(map.size());
    std::size_t index = 0;
    for (const auto& [key, value] : map) {
      encodeValue(key, entries.key(index));
      encodeValue(value, entries.value(index++));
    }
  }
  static Map read(ValueReader value) {
    const Nesting nesting;
    Map result;
    const auto entries = mapOf(value);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      auto key = decodeValue<typename Map::key_type>(entries.key(i));
      const auto size = result.size();
      // The end is the hint, because a sorted map arrives in order.
      result.emplace_hint(result.end(), std::move(key),
                          decodeValue<typename Map::mapped_type>(entries.value(i)));
      if (result.size() == size) throwDuplicate("key");
    }
    return result;
  }
};

template <class Variant>
struct VariantCodec {
  using OfPhial = Variant;
  static std::uint64_t words(const Variant& variant) {
    const Nesting nesting;
    if (variant.valueless_by_exception()) return kListWords;
    return std::visit([](const auto& value) { return valueWords(value); }, variant) + kListWords +
           kValueWords;
  }
  static void write(const Variant& variant, ValueWriter to) {
    const Nesting nesting;
    if (variant.valueless_by_exception()) throwEncoding("a variant without a value cannot be sent");
    auto list = to.initList(2);
    list[0].setUint(variant.index());
    std::visit([&](const auto& value) { encodeValue(value, list[1]); }, variant);
  }
  static Variant read(ValueReader value) {
    const Nesting nesting;
    const auto list = listOf(value, 2, "members (index and value of a variant)");
    return decodeAlternative(decodeUnsigned(list[0], 64), list[1],
                             std::make_index_sequence<std::variant_size_v<Variant>>());
  }

 private:
  template <std::size_t I>
  static Variant decodeAs(ValueReader value) {
    return Variant(std::in_place_index<I>,
                   decodeValue<std::variant_alternative_t<I, Variant>>(value));
  }
  template <std::size_t... I>
  static Variant decodeAlternative(std::uint64_t index, ValueReader value,
                                   std::index_sequence<I...>) {
    using Decode = Variant (*)(ValueReader);
    constexpr Decode kDecoders[] = {&decodeAs<I>...};
    if (index >= sizeof...(I)) {
      throwEncoding("expected a variant's index below " + std::to_string(sizeof...(I)) +
                    ", found " + std::to_string(index));
    }
    return kDecoders[index](value);
  }
};

}  // namespace detail

/// An empty optional is void. Another is its value; if the value itself may be void, a list with
/// this value.
template <Transferable T>
struct Codec<std::optional<T>> {
  using OfPhial = std::optional<T>;
  static constexpr bool kMayBeVoid = true;
  static constexpr bool kWrapped = detail::kMayBeVoid<T>;

  static std::uint64_t words(const std::optional<T>& value) {
    const detail::Nesting nesting;
    if (!value) return detail::kValueWords;
    return detail::valueWords(*value) + (kWrapped ? detail::kListWords : 0);
  }
  static void write(const std::optional<T>& value, ValueWriter to) {
    const detail::Nesting nesting;
    if (!value) {
      to.setVoid();
    } else {
      detail::encodeValue(*value, kWrapped ? to.initList(1)[0] : to);
    }
  }
  static std::optional<T> read(ValueReader value) {
    const detail::Nesting nesting;
    if (value.isVoid()) return std::nullopt;
    return detail::decodeValue<T>(kWrapped ? detail::listOf(value, 1, "members (of an optional)")[0]
                                           : value);
  }
};

template <Transferable A, Transferable B>
struct Codec<std::pair<A, B>> : detail::TupleCodec<std::pair<A, B>> {};

template <Transferable... T>
struct Codec<std::tuple<T...>> : detail::TupleCodec<std::tuple<T...>> {};

template <Transferable... T>
struct Codec<std::variant<T...>> : detail::VariantCodec<std::variant<T...>> {};

template <Transferable T, class Compare, class Allocator>
struct Codec<std::set<T, Compare, Allocator>> : detail::SetCodec<std::set<T, Compare, Allocator>> {
};

template <Transferable T, class Hash, class Equal, class Allocator>
struct Codec<std::unordered_set<T, Hash, Equal, Allocator>>
    : detail::SetCodec<std::unordered_set<T, Hash, Equal, Allocator>> {};

template <Transferable K, Transferable V, class Compare, class Allocator>
struct Codec<std::map<K, V, Compare, Allocator>>
    : detail::MapCodec<std::map<K, V, Compare, Allocator>> {};

template <Transferable K, Transferable V, class Hash, class Equal, class Allocator>
struct Codec<std::unordered_map<K, V, Hash, Equal, Allocator>>
    : detail::MapCodec<std::unordered_map<K, V, Hash, Equal, Allocator>> {};

}  // namespace phial::inline v1

#pragma GCC visibility pop
