// Who is to hear of which signal: one table for the process, read by the signal handler.
//
// A handler may run on any thread, between any two instructions. It reads an immutable table
// through one atomic pointer. A change makes a new table, swaps the pointer, and waits until no
// handler is inside, which takes microseconds; then the old table, and the descriptors in it, are
// no longer used by anybody.
//
// Thread rule: any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>

namespace phial::inline v1::detail {

/// Where a handler leaves word: a bit for each signal that has arrived, and an eventfd to write to.
struct SignalBell {
  int eventFd = -1;
  std::atomic<std::uint64_t> arrived{0};  // bit n - 1 for signal n

  static std::uint64_t bit(int signal) { return std::uint64_t{1} << (signal - 1); }
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// Rings `bell` for each of `signals` from now on. Throws std::invalid_argument for a signal that
/// cannot be watched; then nothing has changed.
void watchSignals(SignalBell& bell, std::initializer_list<int> signals);
/// Forgets `bell`; no handler uses it any more when this returns. The handlers of signals that
/// nobody watches any more are put back.
void forgetSignals(const SignalBell& bell) noexcept;

/// Gives back arrivals that were taken from `bell`.
void ringAgain(SignalBell& bell, std::uint64_t arrived) noexcept;

}  // namespace phial::inline v1::detail
