// Reads large values from a message piece by piece, so that a loop can do other work in between, or
// another thread can stop.
//
// decodeSliced() does what decode() does. It enters every type whose codec is Phial's, and pauses
// after about kPieceBytes. A value with a codec of the program's is read whole, in a piece of its
// own.
#pragma once

#include <phial/protocol/chunk_value.h>
#include <phial/protocol/sliced_decode.h>
#include <phial/protocol/sliced_members.h>
#include <phial/protocol/sliced_sequences.h>

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

// g++ warns about a coroutine's frame when it has a type in an unnamed namespace, as types in a
// program's main file often have.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// As readFacts(), in pieces, at the level of the list's members.
SlicedWork readFactsSliced(ChunkFacts& facts, ValueReader chunk, Level level);
/// REQUIRES: `chunk` is a list of kChunkMembers.
void guessFacts(ValueReader chunk, ReadingCost& cost);

/// The outcome of a chunk of a map.
template <class R>
struct SlicedDecode<ChunkResult<R>> {
  using Result = ChunkResult<R>;
  using Value = typename Result::Value;
  static constexpr bool kWhole = false;

  static void guess(ValueReader value, ReadingCost& cost) {
    if (!value.isList() || value.getList().size() != kChunkMembers) return;
    guessReading<std::vector<Value>>(value.getList()[0], cost);
    guessFacts(value, cost);
  }
  static SlicedWork start(std::optional<Result>& to, ValueReader value, Level level) {
    return startInto(to.emplace(), value, level);
  }
  static SlicedWork startInto(Result& result, ValueReader value, Level level) {
    const Level inner = level.below();
    const auto list = chunkMembers(value);
    if constexpr (std::is_same_v<Store<Value>, std::vector<Value>> &&
                  !std::is_same_v<Value, std::monostate>) {
      std::optional<Store<Value>> values;
      const auto part = decodePart<Store<Value>>(values, list[0], inner);
      co_await part;
      result.values = std::move(*values);
    } else {
      const AtDepth depth(inner);
      result.values = StoreCodec<Value>::read(list[0]);
    }
    const auto facts = readFactsSliced(result, value, inner);
    co_await facts;
  }
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
