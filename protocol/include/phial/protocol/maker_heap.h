// The heap of the thread that made a block, tidied from another thread.
//
// glibc keeps small blocks that are freed in a list of their heap, and puts them together with
// their neighbours in one go, at some later call that needs a larger one. A million nodes of a map
// that one thread has made and another frees are thus a stop of up to 0.3 s for the first, at any
// malloc. Freeing a block of 64 KiB in the same heap does it at once, so whoever frees many small
// ones does that now and then.
#pragma once

#include <cstddef>
#include <cstdlib>

namespace phial::detail {

/// Made by the thread whose heap it stands for; then used by any one thread. With another malloc
/// than glibc's it does no harm.
class MakerHeap {
 public:
  MakerHeap() noexcept : block_(std::malloc(kKeptBytes)) {}
  ~MakerHeap() { std::free(block_); }
  MakerHeap(const MakerHeap&) = delete;
  MakerHeap& operator=(const MakerHeap&) = delete;

  /// Puts together what has been freed there. What is cut off the block is the one of 64 KiB.
  void tidy() noexcept {
    if (void* const large = std::realloc(block_, kCutBytes)) block_ = large;
    if (void* const small = std::realloc(block_, kKeptBytes)) block_ = small;
  }

 private:
  static constexpr std::size_t kKeptBytes = 1 << 10;
  // Below what glibc maps by itself.
  static constexpr std::size_t kCutBytes = 96 << 10;

  void* block_;  // null when there is no memory
};

/// Containers of nodes, each of which is a block of its own.
template <class T>
concept NodeContainer = requires { typename T::node_type; };

/// Empties it, so that no other thread waits long for the heap.
template <NodeContainer T>
void emptyInParts(T& container, MakerHeap& heap) {
  constexpr int kPart = 512;
  while (!container.empty()) {
    for (int i = 0; i < kPart && !container.empty(); ++i) container.erase(container.begin());
    heap.tidy();
  }
}

}  // namespace phial::detail
