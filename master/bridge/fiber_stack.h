// The stacks that fibers run on.
//
// A stack is a mapping of its own. The 64 KiB below it cannot be read or written: a fiber that
// needs more than its stack dies of SIGSEGV there, before it overwrites anybody's memory. The stack
// of a fiber that has ended is kept for the next one, up to kMostKept stacks in the process.
//
// Thread rule: any thread.
#pragma once

#include <cstddef>

namespace phial::inline v1::detail {

class FiberStack {
 public:
  /// Free stacks that the process keeps at most; more are given back to the system.
  static constexpr std::size_t kMostKept = 64;
  /// Large enough that few functions have a frame which could reach across it.
  static constexpr std::size_t kGuardBytes = std::size_t{64} << 10;

  /// A stack of at least `bytes` bytes. Throws std::invalid_argument, which names
  /// FiberOptions::stackBytes, when `bytes` is out of range; std::bad_alloc when the system refuses
  /// the memory or the mapping.
  explicit FiberStack(std::size_t bytes);
  ~FiberStack();
  FiberStack(const FiberStack&) = delete;
  FiberStack& operator=(const FiberStack&) = delete;

  /// The lowest address, just above the guard.
  std::byte* bottom() const { return bottom_; }
  std::byte* top() const { return bottom_ + size_; }
  std::size_t size() const { return size_; }

  /// The free stacks that the process keeps now.
  static std::size_t kept();

 private:
  std::size_t size_;
  std::byte* bottom_;
};

}  // namespace phial::inline v1::detail
