// How one part of a large value is read in pieces: see value_sliced.h.
#pragma once

#include <phial/protocol/sliced_work.h>
#include <phial/protocol/value_traits.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

// g++ warns of a coroutine's frame when it is of a type in an unnamed namespace, as the types of a
// program's main file often are.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

namespace phial::detail {

/// Into fresh memory a copy of so much takes 0.1 ms, into huge pages or warm memory much less.
inline constexpr std::size_t kPieceBytes = 128 << 10;
/// What an element costs beside its bytes: an allocation, and its place in a tree or list. So a
/// piece has at most 512.
inline constexpr std::size_t kElementCost = 256;
template <class T>
struct SlicedDecode;

/// Reads `value` into `to`, which is empty. Both are borrowed until the work has ended.
template <class T>
SlicedWork decodeSliced(std::optional<T>& to, schema::Value::Reader value, Level level = {}) {
  return SlicedDecode<T>::start(to, value, level);
}

template <class T>
T decodeAt(schema::Value::Reader value, Level level) {
  const AtDepth depth(level);
  return decodeValue<T>(value);
}

// --- A cheap guess ---

/// How much reading a value costs, as far as `left`, of which it takes what it has counted.
/// Whatever a hostile message makes of it, the value is read correctly, in one piece or in several.
struct ReadingCost {
  std::size_t left;

  bool over() const { return left == 0; }
  void add(std::uint64_t cost) {
    left -= static_cast<std::size_t>(std::min<std::uint64_t>(cost, left));
  }
};

template <class T>
void guessReading(schema::Value::Reader value, ReadingCost& cost);

template <class... Members>
void guessMembers(schema::Value::Reader value, ReadingCost& cost) {
  if (!value.isList()) return;
  const auto list = value.getList();
  if (list.size() != sizeof...(Members)) return;
  unsigned i = 0;
  ((cost.over() ? void() : guessReading<Members>(list[i++], cost)), ...);
}

template <class T>
void guessElements(schema::Value::Reader value, ReadingCost& cost) {
  if (!value.isList()) return;
  const auto list = value.getList();
  cost.add(std::uint64_t{list.size()} * kElementCost);
  if constexpr (!kBounded<T>) {
    for (unsigned i = 0; i < list.size() && !cost.over(); ++i) guessReading<T>(list[i], cost);
  }
}

template <class K, class V>
void guessEntries(schema::Value::Reader value, ReadingCost& cost) {
  if (!value.isMap()) return;
  const auto map = value.getMap();
  cost.add(std::uint64_t{map.size()} * 2 * kElementCost);
  for (unsigned i = 0; i < map.size() && !cost.over(); ++i) {
    if constexpr (!kBounded<K>) guessReading<K>(map[i].getKey(), cost);
    if constexpr (!kBounded<V>) guessReading<V>(map[i].getValue(), cost);
  }
}

inline void guessBytes(schema::Value::Reader value, ReadingCost& cost) {
  if (value.isText()) return cost.add(value.getText().size());
  if (!value.isData() && !value.isPacked()) return;
  for (const auto chunk : value.isData() ? value.getData() : value.getPacked().getChunks()) {
    cost.add(kElementCost + chunk.size());
    if (cost.over()) return;
  }
}

// --- One part of a value ---

/// Parts that cost less are read without a pause. How long an element of the program's takes nobody
/// knows.
template <class T>
inline constexpr std::size_t kAtOnceCost = kStdAlone<T> ? kPieceBytes / 4 : 1;

/// Reads a part at once when that does not take long.
template <class T>
SlicedWork decodePart(std::optional<T>& to, schema::Value::Reader value, Level level) {
  if constexpr (!SlicedDecode<T>::kWhole) {
    ReadingCost cost{kAtOnceCost<T>};
    guessReading<T>(value, cost);
    if (cost.over()) return SlicedDecode<T>::start(to, value, level);
  }
  to.emplace(decodeAt<T>(value, level));
  return {};
}

/// What it costs to have read one in decodePart(), its own pieces aside.
template <class T>
inline constexpr std::size_t kPartCost = kStdAlone<T> ? kElementCost : kWholePiece;

/// What is read whole: scalars, and values with a codec of the program's.
template <class T>
struct SlicedDecode {
  static constexpr bool kWhole = true;
  static void guess(schema::Value::Reader, ReadingCost& cost) { cost.add(kElementCost); }
  static SlicedWork start(std::optional<T>& to, schema::Value::Reader value, Level level) {
    to.emplace(decodeAt<T>(value, level));
    co_return;
  }
};

template <class T>
void guessReading(schema::Value::Reader value, ReadingCost& cost) {
  SlicedDecode<T>::guess(value, cost);
}

}  // namespace phial::detail

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
