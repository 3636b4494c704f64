#include <phial/protocol/large_memory.h>
#include <phial/protocol/scheduling.h>
#include <sys/mman.h>

#include <atomic>
#include <new>
#include <optional>
#include <thread>

#include "protocol/memory/quiet_thread.h"

namespace phial::inline v1::detail {
namespace {

constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

std::atomic<bool> releasesInPlace{false};

}  // namespace

void adviseHugePages(void* memory, std::size_t bytes) {
  const std::size_t beyond = reinterpret_cast<std::uintptr_t>(memory) % kHugePageBytes;
  const std::size_t skipped = beyond == 0 ? 0 : kHugePageBytes - beyond;
  if (bytes < skipped + kHugePageBytes) return;
  const std::size_t whole = (bytes - skipped) / kHugePageBytes * kHugePageBytes;
  // Advice: a kernel without huge pages refuses it.
  ::madvise(static_cast<std::byte*>(memory) + skipped, whole, MADV_HUGEPAGE);
}

void releaseAside(std::uint64_t bytes, const std::function<void()>& task) {
  if (bytes < kLargeBytes || releasesInPlace.load(std::memory_order_relaxed)) return task();
  // Not a nice one: it has the address space locked while it waits for a processor. But a loop that
  // wakes up goes before it: a million objects take it as long as some turns.
  std::optional<std::thread> thread;
  try {
    thread = startQuietThread([task] {
      askForLongTimeSlices();
      task();
    });
  } catch (const std::bad_alloc&) {
  }
  if (!thread) return task();
  thread->detach();
}

void destroyAside(std::uint64_t bytes, void* object, void (*destroy)(void*) noexcept) noexcept {
  // Two pointers lie in the std::function itself, so making and copying it takes no memory.
  releaseAside(bytes, [object, destroy] { destroy(object); });
}

void destroyNodesAside(void* object, void (*destroy)(void*, MakerHeap&) noexcept) noexcept {
  std::function<void()> task;
  try {
    task = [object, destroy, heap = std::make_shared<MakerHeap>()] { destroy(object, *heap); };
  } catch (const std::bad_alloc&) {
    MakerHeap heap;
    return destroy(object, heap);
  }
  releaseAside(kLargeBytes, task);
}

void stopReleasingAside() { releasesInPlace.store(true, std::memory_order_relaxed); }

}  // namespace phial::inline v1::detail
