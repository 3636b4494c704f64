#include "phial/protocol/chunk_value.h"

#include <phial/protocol/value_sliced.h>

#include <optional>

namespace phial::inline v1 {
namespace detail {
namespace {

using Failures = decltype(ChunkFacts::failures);

}  // namespace

std::uint64_t factsWords(const ChunkFacts& facts) {
  return valueWords(facts.failures) + valueWords(facts.nanoseconds);
}

void writeFacts(const ChunkFacts& facts, ListWriter to) {
  encodeValue(facts.failures, to[1]);
  encodeValue(facts.nanoseconds, to[2]);
}

ListReader chunkMembers(ValueReader chunk) {
  return listOf(chunk, kChunkMembers, "members (of a chunk's results)");
}

void readFacts(ChunkFacts& facts, ValueReader chunk) {
  const auto members = chunkMembers(chunk);
  facts.failures = decodeValue<Failures>(members[1]);
  facts.nanoseconds = decodeValue<std::uint64_t>(members[2]);
  facts.wireBytes = chunk.totalBytes();
}

SlicedWork readFactsSliced(ChunkFacts& facts, ValueReader chunk, Level level) {
  const auto members = chunkMembers(chunk);
  std::optional<Failures> failures;
  const auto part = decodePart<Failures>(failures, members[1], level);
  co_await part;
  facts.failures = std::move(*failures);
  facts.nanoseconds = decodeAt<std::uint64_t>(members[2], level);
  facts.wireBytes = chunk.totalBytes();
}

void guessFacts(ValueReader chunk, ReadingCost& cost) {
  guessReading<Failures>(chunk.getList()[1], cost);
}

}  // namespace detail

void Codec<detail::ChunkOrder>::write(const detail::ChunkOrder& order, ValueWriter to) {
  const detail::Nesting nesting;
  const auto list = to.initList(3);
  list[0].setUint(order.first);
  list[1].setUint(static_cast<std::uint64_t>(order.mode));
  list[2].setUint(static_cast<std::uint64_t>(order.timing));
}

detail::ChunkOrder Codec<detail::ChunkOrder>::read(ValueReader value) {
  const detail::Nesting nesting;
  const auto list = detail::listOf(value, 3, "fields");
  return {.first = detail::decodeValue<std::uint64_t>(list[0]),
          .mode = detail::decodeValue<detail::ChunkMode>(list[1]),
          .timing = detail::decodeValue<detail::ChunkTiming>(list[2])};
}

}  // namespace phial::inline v1
