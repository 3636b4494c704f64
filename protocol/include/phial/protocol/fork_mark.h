// Whether this is still the process in which an object was made.
//
// A program may fork without executing another one. The child has a copy of every object, but
// descriptors, epoll sets, timers, pipes and shared pages behind the copies are the parent's own:
// what a copy did to them would happen to the parent. So an object that stands for something
// outside of its memory remembers where it was made, and its copy in a forked child does nothing.
//
// How: a handler of pthread_atfork(3) counts the forks on the way to this process, in a word that
// looking at costs a load. vfork, posix_spawn and a raw clone(2) do not run such handlers: their
// children share the parent's memory or are on their own.
//
// Thread rule: any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace phial::detail {

/// Forks between the program's first process and this one. Counts from the first ForkMark on.
inline std::atomic<std::uint32_t> forksToHere{0};

class ForkMark {
 public:
  /// Of this process.
  ForkMark() noexcept;

  /// True in a process that was forked from the one that made the mark.
  bool inherited() const noexcept {
    return generation_ != forksToHere.load(std::memory_order_relaxed);
  }

 private:
  std::uint32_t generation_;
};

/// Keeps an inherited object as it is for as long as this process lives: for what must not even be
/// destroyed here.
void keepForever(std::shared_ptr<void> object);

}  // namespace phial::detail
