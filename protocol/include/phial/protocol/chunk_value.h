// The contents of a chunk of a map: the elements on the way to a worker, and their results on the
// way back. Nothing here is for users.
//
// Numbers travel packed in both directions, so a chunk of a hundred thousand integers is one copy
// of memory.
#pragma once

#include <phial/protocol/value.h>
#include <phial/protocol/value_failure.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// A vector of T. For bool the container most like it whose elements can be referred to.
template <class T>
using Store = std::conditional_t<std::is_same_v<T, bool>, std::deque<bool>, std::vector<T>>;

/// Encodes a part of a Store as if the part were a vector of its own.
template <class T>
struct StoreCodec {
  static std::uint64_t words(const Store<T>& store, std::size_t begin, std::size_t count) {
    return SequenceCodec<T>::words(std::span(store).subspan(begin, count));
  }
  static void write(const Store<T>& store, std::size_t begin, std::size_t count, ValueWriter to) {
    SequenceCodec<T>::write(std::span(store).subspan(begin, count), to);
  }
  static Store<T> read(ValueReader value) { return decodeValue<std::vector<T>>(value); }
};

template <>
struct StoreCodec<bool> {
  static std::uint64_t words(const Store<bool>&, std::size_t, std::size_t count) {
    return packedWords(count);
  }
  static void write(const Store<bool>& store, std::size_t begin, std::size_t count,
                    ValueWriter to) {
    const auto first = store.begin() + static_cast<std::ptrdiff_t>(begin);
    encodeBools({first, first + static_cast<std::ptrdiff_t>(count)}, to);
  }
  static Store<bool> read(ValueReader value) {
    const auto bools = decodeBools(value);
    return {bools.begin(), bools.end()};
  }
};

/// The results of a function without a result: only their number.
template <>
struct StoreCodec<std::monostate> {
  static std::uint64_t words(const Store<std::monostate>&, std::size_t, std::size_t) {
    return kValueWords;
  }
  static void write(const Store<std::monostate>&, std::size_t, std::size_t count, ValueWriter to) {
    to.setUint(count);
  }
  static Store<std::monostate> read(ValueReader value) {
    const auto count = decodeUnsigned(value, 64);
    if (count > kMaxCount) throwEncoding("more results than a chunk can have");
    return Store<std::monostate>(count);
  }

 private:
  // Memory is taken in proportion to what was asked for, not to what the peer claims.
  static constexpr std::uint64_t kMaxCount = std::uint64_t{1} << 24;
};

/// Some elements of a range, in the form in which the function's parameter is stored. Parts share
/// the whole.
template <class E>
struct Elements {
  std::shared_ptr<Store<E>> all;
  std::size_t begin = 0;
  std::size_t count = 0;

  Elements part(std::size_t first, std::size_t size) const { return {all, begin + first, size}; }
  auto first() const { return all->begin() + static_cast<std::ptrdiff_t>(begin); }
};

/// What a chunk is told besides its elements.
enum class ChunkMode : std::uint8_t { failFast, collectAll };
enum class ChunkTiming : std::uint8_t { none, eachElement };
struct ChunkOrder {
  /// The index of the chunk's first element in the whole range.
  std::uint64_t first = 0;
  ChunkMode mode = ChunkMode::failFast;
  /// Whether elements have a time limit: the worker must then note when each element is begun.
  ChunkTiming timing = ChunkTiming::none;
};

/// The outcome of a chunk, except its results.
struct ChunkFacts {
  /// Each failure with the place of its element in the chunk, in ascending order.
  std::vector<std::pair<std::uint64_t, Failure>> failures;
  /// How long the elements ran together, in nanoseconds.
  std::uint64_t nanoseconds = 0;
  /// How many bytes of a message the outcome takes; known only where it was decoded.
  std::uint64_t wireBytes = 0;
};

/// A list of three members: the results, then the two members of the facts that travel, which these
/// functions measure, write and read.
inline constexpr std::size_t kChunkMembers = 3;
std::uint64_t factsWords(const ChunkFacts& facts);
void writeFacts(const ChunkFacts& facts, ListWriter to);
void readFacts(ChunkFacts& facts, ValueReader chunk);
/// The list of a chunk's outcome. Throws EncodingError when `chunk` is none.
ListReader chunkMembers(ValueReader chunk);

/// The outcome of a chunk's elements, from the first element on: each has a result or a failure.
/// With ChunkMode::failFast nothing follows the first failure.
template <class R>
struct ChunkResult : ChunkFacts {
  using Value = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

  /// The results of the elements that succeeded, in order.
  Store<Value> values;

  std::size_t count() const { return values.size() + failures.size(); }
};

}  // namespace phial::inline v1::detail

namespace phial::inline v1 {

template <>
struct Codec<detail::ChunkOrder> {
  static std::uint64_t words(const detail::ChunkOrder&) {
    return detail::kListWords + 3 * detail::kValueWords;
  }
  static void write(const detail::ChunkOrder& order, ValueWriter to);
  static detail::ChunkOrder read(ValueReader value);
};

template <class E>
struct Codec<detail::Elements<E>> {
  using Elements = detail::Elements<E>;
  static std::uint64_t words(const Elements& elements) {
    detail::requireTransferable<E>();
    return detail::StoreCodec<E>::words(*elements.all, elements.begin, elements.count);
  }
  static void write(const Elements& elements, ValueWriter to) {
    detail::StoreCodec<E>::write(*elements.all, elements.begin, elements.count, to);
  }
  static Elements read(ValueReader value) {
    auto all = std::make_shared<detail::Store<E>>(detail::StoreCodec<E>::read(value));
    const std::size_t count = all->size();
    return {std::move(all), 0, count};
  }
};

template <class R>
struct Codec<detail::ChunkResult<R>> {
  using Result = detail::ChunkResult<R>;
  using Values = detail::StoreCodec<typename Result::Value>;

  static std::uint64_t words(const Result& result) {
    const detail::Nesting nesting;
    detail::requireTransferable<typename Result::Value>();
    return detail::kListWords + Values::words(result.values, 0, result.values.size()) +
           detail::factsWords(result);
  }
  static void write(const Result& result, ValueWriter to) {
    const detail::Nesting nesting;
    const auto list = to.initList(detail::kChunkMembers);
    Values::write(result.values, 0, result.values.size(), list[0]);
    detail::writeFacts(result, list);
  }
  static Result read(ValueReader value) {
    Result result;
    readInto(result, value);
    return result;
  }
  static void readInto(Result& result, ValueReader value) {
    const detail::Nesting nesting;
    result.values = Values::read(detail::chunkMembers(value)[0]);
    detail::readFacts(result, value);
  }
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
