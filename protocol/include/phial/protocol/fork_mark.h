// Tells whether this is still the process in which an object was made.
//
// A program may fork without executing another program. The child has a copy of every object, but
// the descriptors, epoll sets, timers, pipes and shared pages behind the copies are the parent's:
// what a copy did to them would happen to the parent. An object that stands for something outside
// its memory therefore remembers its process, and its copy in a forked child does nothing.
//
// How: a handler of pthread_atfork(3) counts the forks between the first process and this one, in a
// word that costs one load to check. vfork, posix_spawn and a raw clone(2) run no such handlers:
// their children share the parent's memory, or are not covered.
//
// Thread rule: any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// The number of forks between the program's first process and this one. Counts from the first
/// ForkMark on.
inline std::atomic<std::uint32_t> forksToHere{0};

class ForkMark {
 public:
  /// Marks this process.
  ForkMark() noexcept;

  /// True in a process that was forked from the one that made the mark.
  bool inherited() const noexcept {
    return generation_ != forksToHere.load(std::memory_order_relaxed);
  }

 private:
  std::uint32_t generation_;
};

/// Keeps an inherited object unchanged for the life of this process, because even its destructor
/// must not run here.
void keepForever(std::shared_ptr<void> object);

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
