#include "master/pool/warm_memory.h"

#include <phial/protocol/large_memory.h>
#include <sys/mman.h>

#include <algorithm>
#include <new>
#include <utility>

namespace phial::inline v1::detail {
namespace {

// Blocks are whole huge pages, so that they fit the next one that is about as large.
constexpr std::size_t kUnitBytes = std::size_t{2} << 20;

std::size_t wholeUnits(std::size_t bytes) {
  return (bytes + kUnitBytes - 1) / kUnitBytes * kUnitBytes;
}

std::byte* map(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  adviseHugePages(memory, bytes);
  return static_cast<std::byte*>(memory);
}

}  // namespace

std::shared_ptr<std::byte> WarmMemory::take(std::size_t bytes) {
  used_ = true;
  const Block block = fit(wholeUnits(bytes));
  return {block.memory, [self = shared_from_this(), block](std::byte*) { self->comeBack(block); }};
}

// The smallest that is large enough, and not so large that it would be wasted.
WarmMemory::Block WarmMemory::fit(std::size_t bytes) {
  const auto wanted = [&](const Block& b) { return b.bytes >= bytes && b.bytes / 2 <= bytes; };
  auto best = kept_.end();
  for (auto it = kept_.begin(); it != kept_.end(); ++it) {
    if (wanted(*it) && (best == kept_.end() || it->bytes < best->bytes)) best = it;
  }
  if (best == kept_.end()) return {map(bytes), bytes};
  const Block block = *best;
  kept_.erase(best);
  keptBytes_ -= block.bytes;
  return block;
}

void WarmMemory::comeBack(Block block) {
  if (clock_ == nullptr || keptBytes_ + block.bytes > mostBytes_) {
    return releaseAside(block.bytes, [block] { ::munmap(block.memory, block.bytes); });
  }
  kept_.push_back(block);
  keptBytes_ += block.bytes;
  if (!freeTimer_.active()) freeUnused();
}

void WarmMemory::freeUnused() {
  freeTimer_ = clock_->callLater(kRestAfter, [this] {
    if (!std::exchange(used_, false)) return giveBack();
    freeUnused();
  });
}

void WarmMemory::giveBack() {
  if (kept_.empty()) return;
  releaseAside(std::exchange(keptBytes_, 0), [blocks = std::exchange(kept_, {})] {
    for (const auto& block : blocks) ::munmap(block.memory, block.bytes);
  });
}

void WarmMemory::close() {
  clock_ = nullptr;
  freeTimer_.cancel();
  giveBack();
}

}  // namespace phial::inline v1::detail
