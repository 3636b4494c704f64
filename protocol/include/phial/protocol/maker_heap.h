// Tidies the heap of the thread that made a block, from another thread.
//
// glibc keeps small freed blocks in a list of their heap, and joins them with their neighbours all
// at once, in some later call that needs a larger block. If one thread has made a million nodes of
// a map and another thread frees them, some malloc of the first thread thus stops for up to 0.3 s.
// Freeing a block of 64 KiB in the same heap joins them at once, so a thread that frees many small
// blocks does this now and then.
#pragma once

#include <cstddef>
#include <cstdlib>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// Made by the thread whose heap it refers to; used by any one thread after that. With another
/// malloc than glibc's it does no harm.
class MakerHeap {
 public:
  MakerHeap() noexcept : block_(std::malloc(kKeptBytes)) {}
  ~MakerHeap() { std::free(block_); }
  MakerHeap(const MakerHeap&) = delete;
  MakerHeap& operator=(const MakerHeap&) = delete;

  /// Joins the freed blocks of the heap, by cutting a block of more than 64 KiB off the kept block.
  void tidy() noexcept {
    if (void* const large = std::realloc(block_, kCutBytes)) block_ = large;
    if (void* const small = std::realloc(block_, kKeptBytes)) block_ = small;
  }

 private:
  static constexpr std::size_t kKeptBytes = 1 << 10;
  // Below the size that glibc maps separately.
  static constexpr std::size_t kCutBytes = 96 << 10;

  void* block_;  // null when there is no memory
};

/// Containers of nodes, each of which is a block of its own.
template <class T>
concept NodeContainer = requires { typename T::node_type; };

/// Empties the container in parts, so that no other thread waits long for the heap.
template <NodeContainer T>
void emptyInParts(T& container, MakerHeap& heap) {
  constexpr int kPart = 512;
  while (!container.empty()) {
    for (int i = 0; i < kPart && !container.empty(); ++i) container.erase(container.begin());
    heap.tidy();
  }
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
