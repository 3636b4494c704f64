// Reads one part of a large value in pieces: see value_sliced.h.
#pragma once

#include <phial/protocol/sliced_work.h>
#include <phial/protocol/thresholds.h>
#include <phial/protocol/value_traits.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

// g++ warns about a coroutine's frame when it has a type in an unnamed namespace, as types in a
// program's main file often have.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

template <class T>
struct SlicedDecode;

/// Reads `value` into `to`, which is empty. Both are borrowed until the work has ended.
template <class T>
SlicedWork decodeSliced(std::optional<T>& to, ValueReader value, Level level = {}) {
  return SlicedDecode<T>::start(to, value, level);
}

template <class T>
T decodeAt(ValueReader value, Level level) {
  const AtDepth depth(level);
  return decodeValue<T>(value);
}

// --- A cheap guess ---

/// Estimates the cost of reading a value: each counted part is taken off `left`. A hostile message
/// can make the estimate wrong; the value is still read correctly, in one piece or in several.
struct ReadingCost {
  std::size_t left;

  bool over() const { return left == 0; }
  void add(std::uint64_t cost) {
    left -= static_cast<std::size_t>(std::min<std::uint64_t>(cost, left));
  }
};

template <class T>
void guessReading(ValueReader value, ReadingCost& cost);

template <class... Members>
void guessMembers(ValueReader value, ReadingCost& cost) {
  if (!value.isList()) return;
  const auto list = value.getList();
  if (list.size() != sizeof...(Members)) return;
  unsigned i = 0;
  ((cost.over() ? void() : guessReading<Members>(list[i++], cost)), ...);
}

template <class T>
void guessElements(ValueReader value, ReadingCost& cost) {
  if (!value.isList()) return;
  const auto list = value.getList();
  cost.add(std::uint64_t{list.size()} * kElementCost);
  if constexpr (!kBounded<T>) {
    for (std::size_t i = 0; i < list.size() && !cost.over(); ++i) guessReading<T>(list[i], cost);
  }
}

template <class K, class V>
void guessEntries(ValueReader value, ReadingCost& cost) {
  if (!value.isMap()) return;
  const auto map = value.getMap();
  cost.add(std::uint64_t{map.size()} * 2 * kElementCost);
  for (std::size_t i = 0; i < map.size() && !cost.over(); ++i) {
    if constexpr (!kBounded<K>) guessReading<K>(map.key(i), cost);
    if constexpr (!kBounded<V>) guessReading<V>(map.value(i), cost);
  }
}

/// For text, data and packed numbers.
void guessBytes(ValueReader value, ReadingCost& cost);

// --- One part of a value ---

/// A part that costs less than this is read without a pause. For code of the program's the limit is
/// lower, because nobody knows how long an element takes.
template <class T>
inline constexpr std::size_t kAtOnceCost = kStdAlone<T> ? kPieceBytes / 4 : 1;

/// Reads a part at once if this does not take long; otherwise in pieces.
template <class T>
SlicedWork decodePart(std::optional<T>& to, ValueReader value, Level level) {
  if constexpr (!SlicedDecode<T>::kWhole) {
    ReadingCost cost{kAtOnceCost<T>};
    guessReading<T>(value, cost);
    if (cost.over()) return SlicedDecode<T>::start(to, value, level);
  }
  to.emplace(decodeAt<T>(value, level));
  return {};
}

/// The cost of a part that decodePart() has read, without the pieces that were counted already.
template <class T>
inline constexpr std::size_t kPartCost = kStdAlone<T> ? kElementCost : kWholePiece;

/// Reads a value whole: scalars, and values with a codec of the program's.
template <class T>
struct SlicedDecode {
  static constexpr bool kWhole = true;
  static void guess(ValueReader, ReadingCost& cost) { cost.add(kElementCost); }
  static SlicedWork start(std::optional<T>& to, ValueReader value, Level level) {
    to.emplace(decodeAt<T>(value, level));
    co_return;
  }
};

template <class T>
void guessReading(ValueReader value, ReadingCost& cost) {
  SlicedDecode<T>::guess(value, cost);
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
