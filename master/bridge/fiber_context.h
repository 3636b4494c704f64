// A stack of its own for one function, and the switch to and from it. Knows nothing of Deferreds.
//
//     resume()  ──▶  entry ... suspend()      resume() returns when the function suspends or ends
//       ▲                        │
//       └────────────────────────┘
//
// The stack that calls resume() may be the thread's or another fiber's. What the C++ runtime and
// Phial keep for each thread, but what belongs to a stack, is exchanged at each switch:
// - the exceptions that are being handled, and the number of those in flight: a function may
//   suspend in a catch block, or in a destructor that an exception runs;
// - the list of objects that wait for their destruction (Counted): a destructor may suspend.
//
// Invariants: 1. Every resume() returns once, after the matching suspend() or the end of the entry.
// 2. No exception crosses a switch. 3. A context that is destroyed has ended, or never began: its
// owner sees to that, since a stack's objects are destroyed by nobody else.
//
// Thread rule: the thread that first resumed it.
#pragma once

#include <phial/master/detail/deferred_chain.h>

#include <cstddef>

#include "master/bridge/fiber_stack.h"
#include "master/bridge/sanitizers.h"

namespace phial::inline v1::detail {

class FiberContext {
 public:
  using Entry = void (*)(void*) noexcept;

  /// `entry(argument)` runs in the first resume(). Throws as FiberStack does.
  FiberContext(std::size_t stackBytes, Entry entry, void* argument);
  FiberContext(const FiberContext&) = delete;
  FiberContext& operator=(const FiberContext&) = delete;

  /// Goes on with the function until it suspends or ends. REQUIRES: not running, not ended.
  void resume() noexcept;
  /// Called by the function: goes back to where resume() was called.
  void suspend() noexcept;
  /// True when the function has returned.
  bool ended() const { return ended_; }

 private:
  /// The part of a thread's state that belongs to a stack: the fiber's while the fiber is
  /// suspended, its resumer's while it runs.
  class StackState {
   public:
    void exchange() noexcept;

   private:
    // As __cxa_eh_globals of the Itanium C++ ABI.
    struct Exceptions {
      void* caught = nullptr;
      unsigned int uncaught = 0;
    };
    Exceptions exceptions_;
    DyingObjects dying_;
  };
  struct Start;

  [[noreturn]] void leaveForGood() noexcept;

  const Entry entry_;
  void* const argument_;
  bool ended_ = false;
  void* inside_ = nullptr;   // where the fiber goes on
  void* outside_ = nullptr;  // where its resumer goes on
  StackState state_;
  FiberStack stack_;
  sanitizers::Switches switches_;
};

}  // namespace phial::inline v1::detail
