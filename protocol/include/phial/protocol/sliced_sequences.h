// Reads strings, lists, sets and maps in pieces: see value_sliced.h.
#pragma once

#include <phial/protocol/large_memory.h>
#include <phial/protocol/sliced_decode.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

// g++ warns about a coroutine's frame when it has a type in an unnamed namespace, as types in a
// program's main file often have.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

template <>
struct SlicedDecode<std::string> {
  static constexpr bool kWhole = false;
  static void guess(ValueReader value, ReadingCost& cost) { guessBytes(value, cost); }
  static SlicedWork start(std::optional<std::string>& to, ValueReader value, Level level);
};

template <class T, class Allocator>
  requires(kCodecOfPhial<std::vector<T, Allocator>> && !std::is_same_v<T, bool>)
struct SlicedDecode<std::vector<T, Allocator>> {
  using Vector = std::vector<T, Allocator>;
  static constexpr bool kWhole = false;

  static void guess(ValueReader value, ReadingCost& cost) {
    guessElements<T>(value, cost);
    if constexpr (PackedNumber<T>) guessBytes(value, cost);
  }
  static SlicedWork start(std::optional<Vector>& to, ValueReader value, Level level) {
    if constexpr (PackedNumber<T>) {
      if (!value.isList()) return startPacked(to, SequenceCodec<T>::chunks(value));
    }
    return startList(to, value, level);
  }

 private:
  static SlicedWork startPacked(std::optional<Vector>& to, Chunks chunks) {
    auto& result = to.emplace();
    reserveToFill(result, chunks.bytes() / sizeof(T));
    for (std::size_t i = 0; i < chunks.count(); ++i) {
      auto rest = chunks.template chunk<T>(i);
      while (!rest.empty()) {
        const auto piece = rest.first(std::min(rest.size(), kPieceBytes / sizeof(T)));
        result.insert(result.end(), piece.begin(), piece.end());
        rest = rest.subspan(piece.size());
        co_await Spent{piece.size_bytes()};
      }
    }
  }

  static SlicedWork startList(std::optional<Vector>& to, ValueReader value, Level level) {
    const Level inner = level.below();
    const auto list = listOf(value);
    auto& result = to.emplace();
    // Each element has at least one word of the message behind it, and untouched memory is not
    // taken. A vector that grew would move all of its elements at once.
    if constexpr (sizeof(T) <= kElementCost) {
      result.reserve(list.size());
    } else {
      reserveDecoded(result, list.size());
    }
    for (const auto element : list) {
      std::optional<T> one;
      const auto part = decodePart<T>(one, element, inner);
      co_await part;
      result.push_back(std::move(*one));
      co_await Spent{kPartCost<T>};
    }
  }
};

template <class T, std::size_t N>
  requires(kCodecOfPhial<std::array<T, N>> && std::default_initializable<T> && !kBounded<T>)
struct SlicedDecode<std::array<T, N>> {
  using Array = std::array<T, N>;
  static constexpr bool kWhole = false;

  static void guess(ValueReader value, ReadingCost& cost) { guessElements<T>(value, cost); }
  static SlicedWork start(std::optional<Array>& to, ValueReader value, Level level) {
    const Level inner = level.below();
    const auto list = listOf(value, N, "elements");
    auto& result = to.emplace(Array{});
    for (std::size_t i = 0; i < N; ++i) {
      std::optional<T> one;
      const auto part = decodePart<T>(one, list[i], inner);
      co_await part;
      result[i] = std::move(*one);
      co_await Spent{kPartCost<T>};
    }
  }
};

template <class Set>
struct SlicedSet {
  using T = typename Set::value_type;
  static constexpr bool kWhole = false;

  static void guess(ValueReader value, ReadingCost& cost) { guessElements<T>(value, cost); }
  static SlicedWork start(std::optional<Set>& to, ValueReader value, Level level) {
    const Level inner = level.below();
    const auto list = listOf(value);
    auto& result = to.emplace();
    // Growing later would visit every element at once.
    if constexpr (requires { result.reserve(list.size()); }) result.reserve(list.size());
    for (const auto element : list) {
      std::optional<T> one;
      const auto part = decodePart<T>(one, element, inner);
      co_await part;
      const auto size = result.size();
      result.insert(result.end(), std::move(*one));
      if (result.size() == size) throwDuplicate("element");
      co_await Spent{kStdAlone<Set> ? kElementCost : kWholePiece};
    }
  }
};

template <class Map>
struct SlicedMap {
  using K = typename Map::key_type;
  using V = typename Map::mapped_type;
  static constexpr bool kWhole = false;

  static void guess(ValueReader value, ReadingCost& cost) { guessEntries<K, V>(value, cost); }
  static SlicedWork start(std::optional<Map>& to, ValueReader value, Level level) {
    const Level inner = level.below();
    const auto entries = mapOf(value);
    auto& result = to.emplace();
    if constexpr (requires { result.reserve(entries.size()); }) result.reserve(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
      std::optional<K> key;
      const auto keyPart = decodePart<K>(key, entries.key(i), inner);
      co_await keyPart;
      std::optional<V> mapped;
      const auto mappedPart = decodePart<V>(mapped, entries.value(i), inner);
      co_await mappedPart;
      const auto size = result.size();
      // The end is the hint, because a sorted map arrives in order.
      result.emplace_hint(result.end(), std::move(*key), std::move(*mapped));
      if (result.size() == size) throwDuplicate("key");
      co_await Spent{kStdAlone<Map> ? 2 * kElementCost : kWholePiece};
    }
  }
};

template <class T, class Compare, class Allocator>
  requires kCodecOfPhial<std::set<T, Compare, Allocator>>
struct SlicedDecode<std::set<T, Compare, Allocator>> : SlicedSet<std::set<T, Compare, Allocator>> {
};
template <class T, class Hash, class Equal, class Allocator>
  requires kCodecOfPhial<std::unordered_set<T, Hash, Equal, Allocator>>
struct SlicedDecode<std::unordered_set<T, Hash, Equal, Allocator>>
    : SlicedSet<std::unordered_set<T, Hash, Equal, Allocator>> {};
template <class K, class V, class Compare, class Allocator>
  requires kCodecOfPhial<std::map<K, V, Compare, Allocator>>
struct SlicedDecode<std::map<K, V, Compare, Allocator>>
    : SlicedMap<std::map<K, V, Compare, Allocator>> {};
template <class K, class V, class Hash, class Equal, class Allocator>
  requires kCodecOfPhial<std::unordered_map<K, V, Hash, Equal, Allocator>>
struct SlicedDecode<std::unordered_map<K, V, Hash, Equal, Allocator>>
    : SlicedMap<std::unordered_map<K, V, Hash, Equal, Allocator>> {};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
