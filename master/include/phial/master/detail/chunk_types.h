// What a map's jobs do with elements and results whose types they do not know. Part of the
// templates of map.h; nothing here is for users.
//
// A map of another function would otherwise be another job, another writing and another reading,
// each of which a program's compiler would have to go through. ChunkJob exists once, and calls the
// few functions here for what depends on the types.
#pragma once

#include <phial/master/detail/argument_writing.h>
#include <phial/master/detail/job.h>
#include <phial/master/detail/result_reading.h>
#include <phial/protocol/chunk_value.h>
#include <phial/protocol/value_sliced_encode.h>
#include <phial/protocol/value_weight.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// Some elements of a range, as a part of the Store at `all`.
struct ChunkElements {
  std::shared_ptr<void> all;
  std::size_t begin = 0;
  std::size_t count = 0;

  ChunkElements part(std::size_t first, std::size_t size) const {
    return {all, begin + first, size};
  }
};

/// The type of a map's elements. Numbers are flat: they are always written at once.
struct ElementType {
  std::uint64_t (*words)(const ChunkElements& elements);
  void (*write)(const ChunkElements& elements, ValueWriter to);
  /// True if writing the elements on the loop would hold it up. Null: never.
  bool (*heavy)(const ChunkElements& elements);
  /// Null when they are never heavy.
  SlicedWork (*writeSliced)(const ChunkElements& elements, ValueWriter to);
  /// Whether code of the program's writes them.
  bool byProgram;
};

/// The type of a map's results.
struct ResultType {
  /// A result without elements.
  std::shared_ptr<ChunkFacts> (*none)();
  /// How many elements a result reports.
  std::size_t (*count)(const ChunkFacts& result);
  /// Reads into a result without elements, at once or in pieces.
  void (*read)(ChunkFacts& result, ValueReader from);
  SlicedWork (*readSliced)(ChunkFacts& result, ValueReader from);
  void (*guess)(ValueReader from, ReadingCost& cost);
  /// See kReadAtOnce.
  std::size_t readAtOnce;
  /// Frees the content of a result that nobody takes, beside the loop. Null: it is quickly freed.
  void (*freeAside)(ChunkFacts& result) noexcept;
  /// Whether code of the program's reads them.
  bool byProgram;
};

/// The worker's function that runs chunks, and the types of its map.
struct ChunkFunction {
  FunctionName name;
  const ElementType& element;
  const ResultType& result;
  /// How many bytes the results of a chunk should need in a message.
  std::uint64_t resultBytes;
};

// The members are defined behind their classes, so that they are not inline: the library has them
// for the commonest types, and a program's compiler leaves those out.

template <class E>
struct ElementTypeOf {
  static Elements<E> typed(const ChunkElements& elements) {
    return {std::static_pointer_cast<Store<E>>(elements.all), elements.begin, elements.count};
  }
  static std::uint64_t words(const ChunkElements& elements);
  static void write(const ChunkElements& elements, ValueWriter to);
  static bool heavy(const ChunkElements& elements);
  static SlicedWork writeSliced(const ChunkElements& elements, ValueWriter to);

  static constexpr bool kFlat = PackedNumber<E> || std::is_same_v<E, bool>;
  static constexpr ElementType kType{&words, &write, kFlat ? nullptr : &heavy,
                                     kFlat ? nullptr : &writeSliced, !kStdAlone<E>};
};

template <class E>
std::uint64_t ElementTypeOf<E>::words(const ChunkElements& elements) {
  return valueWords(typed(elements));
}
template <class E>
void ElementTypeOf<E>::write(const ChunkElements& elements, ValueWriter to) {
  encodeValue(typed(elements), to);
}
template <class E>
bool ElementTypeOf<E>::heavy(const ChunkElements& elements) {
  Weight weight(Weight::Of::writing, kStdAlone<E> ? kHeavy : kHeavy / 32);
  weigh(typed(elements), weight);
  return weight.over();
}
// The work keeps no reference to the Elements, but to their Store.
template <class E>
SlicedWork ElementTypeOf<E>::writeSliced(const ChunkElements& elements, ValueWriter to) {
  return SlicedEncode<Elements<E>>::start(typed(elements), to, {});
}

template <class R>
struct ResultTypeOf {
  using Result = ChunkResult<R>;

  static std::shared_ptr<ChunkFacts> none();
  static std::size_t count(const ChunkFacts& result);
  static void read(ChunkFacts& result, ValueReader from);
  static SlicedWork readSliced(ChunkFacts& result, ValueReader from);
  static void guess(ValueReader from, ReadingCost& cost);
  static void free(ChunkFacts& result) noexcept;

  static constexpr bool kFlat =
      PackedNumber<typename Result::Value> || kBounded<typename Result::Value>;
  static constexpr ResultType kType{&none,
                                    &count,
                                    &read,
                                    &readSliced,
                                    &guess,
                                    kReadAtOnce<Result>,
                                    kFlat ? nullptr : &free,
                                    !kStdAlone<Result>};
};

template <class R>
std::shared_ptr<ChunkFacts> ResultTypeOf<R>::none() {
  return std::make_shared<Result>();
}
template <class R>
std::size_t ResultTypeOf<R>::count(const ChunkFacts& result) {
  return static_cast<const Result&>(result).count();
}
template <class R>
void ResultTypeOf<R>::read(ChunkFacts& result, ValueReader from) {
  Codec<Result>::readInto(static_cast<Result&>(result), from);
}
template <class R>
SlicedWork ResultTypeOf<R>::readSliced(ChunkFacts& result, ValueReader from) {
  return SlicedDecode<Result>::startInto(static_cast<Result&>(result), from, {});
}
template <class R>
void ResultTypeOf<R>::guess(ValueReader from, ReadingCost& cost) {
  guessReading<Result>(from, cost);
}
template <class R>
void ResultTypeOf<R>::free(ChunkFacts& result) noexcept {
  detail::freeAside(static_cast<Result&>(result));
}

extern template struct ElementTypeOf<int>;
extern template struct ElementTypeOf<unsigned>;
extern template struct ElementTypeOf<long>;
extern template struct ElementTypeOf<unsigned long>;
extern template struct ElementTypeOf<double>;
extern template struct ElementTypeOf<std::string>;
extern template struct ResultTypeOf<void>;
extern template struct ResultTypeOf<bool>;
extern template struct ResultTypeOf<int>;
extern template struct ResultTypeOf<unsigned>;
extern template struct ResultTypeOf<long>;
extern template struct ResultTypeOf<unsigned long>;
extern template struct ResultTypeOf<double>;
extern template struct ResultTypeOf<std::string>;

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
