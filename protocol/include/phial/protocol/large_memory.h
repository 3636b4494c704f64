// Large blocks of memory: taken without a page fault for every 4 KiB, freed without stopping a
// loop.
//
// The first touch of fresh memory costs about 0.5 us a page here, ten times as much as copying the
// page; in huge pages it costs twice as much. Where the system has no huge pages, nothing is lost.
//
// Thread rule: plain functions, for any thread.
#pragma once

#include <phial/protocol/maker_heap.h>
#include <phial/protocol/thresholds.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// Asks for huge pages in a large block that is about to be filled and has not been touched yet, as
/// far as whole huge pages fit into it. Does nothing when the block is not large.
void adviseHugePages(void* memory, std::size_t bytes);

/// True for containers whose elements lie in one block of the program's memory that can be
/// reserved.
template <class Container>
inline constexpr bool kOneBlock = false;
template <class T>
inline constexpr bool kOneBlock<std::vector<T>> = !std::is_same_v<T, bool>;
template <>
inline constexpr bool kOneBlock<std::string> = true;

/// As container.reserve(count), for an empty vector or string that will be filled. Runs on this
/// thread on purpose: when another thread made the pages with MADV_POPULATE_WRITE, it held the lock
/// of the address space while it waited for a processor, and a loop that only freed memory waited
/// with it, up to 40 ms.
template <class Container>
void reserveToFill(Container& container, std::size_t count) {
  container.reserve(count);
  if constexpr (kOneBlock<Container>) {
    const std::size_t bytes = container.capacity() * sizeof(typename Container::value_type);
    if (bytes >= kLargeBytes) adviseHugePages(container.data(), bytes);
  }
}

/// Makes a vector or string of the elements of `range`, which knows its size.
template <class Container, class Range>
Container filledFrom(const Range& range) {
  Container container;
  reserveToFill(container, std::size(range));
  container.insert(container.end(), std::begin(range), std::end(range));
  return container;
}

/// Runs `task`, which frees `bytes` bytes. Freeing 64 MiB takes the kernel 5 to 12 ms, and no loop
/// may stop for so long: for kLargeBytes or more, `task` runs on a thread that does nothing else
/// and then ends.
void releaseAside(std::uint64_t bytes, const std::function<void()>& task);

/// From now on releaseAside() runs its tasks at once, which costs less. For a process whose main
/// thread may stop, such as a worker.
void stopReleasingAside();

/// Calls destroy(object) as releaseAside() does, for an object that holds `bytes` bytes. For
/// destructors, so it does not throw: if there is no memory for a thread, `object` is destroyed
/// here.
void destroyAside(std::uint64_t bytes, void* object, void (*destroy)(void*) noexcept) noexcept;
/// As above, for a container of nodes, which this thread has made.
void destroyNodesAside(void* object, void (*destroy)(void*, MakerHeap&) noexcept) noexcept;

/// Destroys in this way an object that takes long to destroy and that any thread may destroy.
template <class T>
void destroyAside(std::unique_ptr<T> object) noexcept {
  if constexpr (NodeContainer<T>) {
    destroyNodesAside(object.release(), [](void* nodes, MakerHeap& heap) noexcept {
      const std::unique_ptr<T> container(static_cast<T*>(nodes));
      emptyInParts(*container, heap);
    });
  } else {
    destroyAside(kLargeBytes, object.release(),
                 [](void* whole) noexcept { delete static_cast<T*>(whole); });
  }
}

/// Containers that any thread can destroy.
template <class Container>
concept Droppable =
    kOneBlock<Container> && std::is_trivially_copyable_v<typename Container::value_type>;

/// Frees the memory of a large container as releaseAside() does. For destructors, so it does not
/// throw: if there is no memory for the task, the container keeps its memory.
template <Droppable Container>
void dropAside(Container& container) noexcept {
  using T = typename Container::value_type;
  const std::size_t bytes = container.capacity() * sizeof(T);
  if (bytes < kLargeBytes) return;
  auto* const last = new (std::nothrow) Container();
  if (last == nullptr) return;
  last->swap(container);
  destroyAside(bytes, last, [](void* whole) noexcept { delete static_cast<Container*>(whole); });
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
