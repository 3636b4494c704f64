// Large blocks of memory: taken without a page fault for every 4 KiB, freed without stopping a
// loop.
//
// The first touch of fresh memory costs some 0.5 us a page here, ten times what a copy costs. In
// huge pages it costs twice a copy. Where the system has none, nothing is lost.
//
// Thread rule: plain functions, for any thread.
#pragma once

#include <phial/protocol/maker_heap.h>

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

namespace phial::detail {

/// From here on memory is large: to free less takes a fraction of a millisecond, and the messages
/// of a map are smaller.
inline constexpr std::size_t kLargeBytes = std::size_t{2} << 20;

/// Asks for huge pages in a block that has not been touched yet, and that is about to be filled:
/// in as much of it as whole huge pages fit into. Nothing when it is not large.
void adviseHugePages(void* memory, std::size_t bytes);

/// Containers whose elements lie in one block, which can be reserved, of the program's own memory.
template <class Container>
inline constexpr bool kOneBlock = false;
template <class T>
inline constexpr bool kOneBlock<std::vector<T>> = !std::is_same_v<T, bool>;
template <>
inline constexpr bool kOneBlock<std::string> = true;

/// As container.reserve(count) for an empty vector or string that will be filled. On this thread:
/// one beside it that made the pages with MADV_POPULATE_WRITE had the address space locked while it
/// waited for a processor, and a loop that only freed something waited with it, 40 ms at times.
template <class Container>
void reserveToFill(Container& container, std::size_t count) {
  container.reserve(count);
  if constexpr (kOneBlock<Container>) {
    const std::size_t bytes = container.capacity() * sizeof(typename Container::value_type);
    if (bytes >= kLargeBytes) adviseHugePages(container.data(), bytes);
  }
}

/// A new vector or string of the elements of `range`, which knows its size.
template <class Container, class Range>
Container filledFrom(const Range& range) {
  Container container;
  reserveToFill(container, std::size(range));
  container.insert(container.end(), std::begin(range), std::end(range));
  return container;
}

/// To free 64 MiB takes the kernel 5 to 12 ms, on the thread that lets go of it. No loop may stop
/// for so long, so for kLargeBytes or more `task` runs on a thread that does nothing else and ends.
void releaseAside(std::uint64_t bytes, const std::function<void()>& task);

/// From here on releaseAside() runs its tasks at once, which costs less: for a process that may
/// stop, which a worker is.
void releaseInPlace();

/// Destroys an object that takes long to destroy, and that any thread may destroy, in that way. In
/// destructors, so it does not throw: without memory for this, the object is destroyed here.
template <class T>
void destroyAside(std::unique_ptr<T> object) noexcept {
  try {
    // A std::function is copied, so all copies share this, and the first to run empties it.
    const auto last = std::make_shared<std::unique_ptr<T>>(std::move(object));
    if constexpr (NodeContainer<T>) {
      const auto heap = std::make_shared<MakerHeap>();
      releaseAside(kLargeBytes, [last, heap] {
        emptyInParts(**last, *heap);
        last->reset();
      });
    } else {
      releaseAside(kLargeBytes, [last] { last->reset(); });
    }
  } catch (const std::bad_alloc&) {
  }
}

/// Containers that can be destroyed on any thread.
template <class Container>
concept Droppable =
    kOneBlock<Container> && std::is_trivially_copyable_v<typename Container::value_type>;

/// Frees the memory of a large one that way. In destructors, so it does not throw: without memory
/// for this, the container keeps its own.
template <Droppable Container>
void dropAside(Container& container) noexcept {
  using T = typename Container::value_type;
  const std::size_t bytes = container.capacity() * sizeof(T);
  if (bytes < kLargeBytes) return;
  try {
    // A std::function is copied, so all copies share this, and the first to run empties it.
    const auto last = std::make_shared<Container>();
    last->swap(container);
    releaseAside(bytes, [last] { Container().swap(*last); });
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace phial::detail
