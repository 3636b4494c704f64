#include <phial/protocol/result_memory.h>

#include <cstring>

namespace phial::inline v1::detail {

void ResultWriter::beginBatch(unsigned slot) {
  batch_ = slot / kBatchSlots % kBatches;
  used_ = 0;
}

kj::ArrayPtr<capnp::word> ResultWriter::room(std::uint64_t words) {
  if (words > ResultMemory::kBatchWords - used_) return nullptr;
  auto* begin = memory_.words[batch_].data() + used_;
  std::memset(begin, 0, words * sizeof(capnp::word));
  return {reinterpret_cast<capnp::word*>(begin), static_cast<std::size_t>(words)};
}

void ResultWriter::place(unsigned slot, std::uint32_t words) {
  auto& place = memory_.places[slot];
  place.offset.store(static_cast<std::uint32_t>(used_), std::memory_order_relaxed);
  place.words.store(words, std::memory_order_relaxed);
  used_ += words;
}

bool fetchResult(const ResultMemory& memory, unsigned slot, std::vector<std::uint64_t>& to) {
  const auto& place = memory.places[slot];
  const std::size_t offset = place.offset.load(std::memory_order_relaxed);
  const std::size_t words = place.words.load(std::memory_order_relaxed);
  if (words == 0 || offset > ResultMemory::kBatchWords ||
      words > ResultMemory::kBatchWords - offset) {
    return false;
  }
  to.resize(words);
  std::memcpy(to.data(), memory.words[slot / kBatchSlots].data() + offset,
              words * sizeof(capnp::word));
  return true;
}

}  // namespace phial::inline v1::detail
