// What AddressSanitizer and ThreadSanitizer have to be told about stacks that are not a thread's.
// Boost.Context, as Debian builds it, tells them nothing. Without a sanitizer all of this is empty.
//
// Thread rule: the thread of the fiber.
#pragma once

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PHIAL_FIBER_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define PHIAL_FIBER_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define PHIAL_FIBER_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define PHIAL_FIBER_TSAN 1
#endif

#if defined(PHIAL_FIBER_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#if defined(PHIAL_FIBER_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

/// For a function that runs on a fiber's stack after AddressSanitizer has been told that the fiber
/// leaves: its variables must not lie in the fiber's fake stack, which may be gone.
#define PHIAL_NO_FAKE_STACK __attribute__((noinline, no_sanitize("address")))

/// ThreadSanitizer keeps a list of calls for each fiber. A function that switches between two of
/// them must be left on the list that it was entered on, so it is part of the function that jumps.
#define PHIAL_PART_OF_CALLER __attribute__((always_inline))

namespace phial::inline v1::detail::sanitizers {

/// A suspended fiber owns memory that only its stack refers to: the leak check has to look there.
inline void stackMapped([[maybe_unused]] const void* bottom, [[maybe_unused]] std::size_t size) {
#if defined(PHIAL_FIBER_ASAN)
  __lsan_register_root_region(bottom, size);
#endif
}
inline void stackUnmapped([[maybe_unused]] const void* bottom, [[maybe_unused]] std::size_t size) {
#if defined(PHIAL_FIBER_ASAN)
  __lsan_unregister_root_region(bottom, size);
#endif
}
/// The frames that were left without a return are forgotten.
inline void stackEmpty([[maybe_unused]] const void* bottom, [[maybe_unused]] std::size_t size) {
#if defined(PHIAL_FIBER_ASAN)
  __asan_unpoison_memory_region(bottom, size);
#endif
}

/// Tells of one fiber's switches. `outside` is whatever resumed the fiber.
class Switches {
 public:
  Switches() {
#if defined(PHIAL_FIBER_TSAN)
    inside_ = __tsan_create_fiber(0);
#endif
  }
  ~Switches() {
#if defined(PHIAL_FIBER_TSAN)
    __tsan_destroy_fiber(inside_);
#endif
  }
  Switches(const Switches&) = delete;
  Switches& operator=(const Switches&) = delete;

  /// Outside, before the switch to the fiber's stack and after the one back.
  PHIAL_PART_OF_CALLER void goIn([[maybe_unused]] const void* bottom,
                                 [[maybe_unused]] std::size_t size) {
#if defined(PHIAL_FIBER_ASAN)
    __sanitizer_start_switch_fiber(&outsideFake_, bottom, size);
#elif defined(PHIAL_FIBER_TSAN)
    outside_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(inside_, 0);
#endif
  }
  void cameOut() {
#if defined(PHIAL_FIBER_ASAN)
    __sanitizer_finish_switch_fiber(outsideFake_, nullptr, nullptr);
#endif
  }

  /// On the fiber's stack, after the switch to it and before the one back.
  void cameIn() {
#if defined(PHIAL_FIBER_ASAN)
    __sanitizer_finish_switch_fiber(insideFake_, &outsideBottom_, &outsideSize_);
#endif
  }
  PHIAL_PART_OF_CALLER void goOut() {
#if defined(PHIAL_FIBER_ASAN)
    __sanitizer_start_switch_fiber(&insideFake_, outsideBottom_, outsideSize_);
#elif defined(PHIAL_FIBER_TSAN)
    __tsan_switch_to_fiber(outside_, 0);
#endif
  }
  /// As goOut, when the fiber has ended.
  PHIAL_PART_OF_CALLER __attribute__((no_sanitize("address"))) void goOutForGood() {
#if defined(PHIAL_FIBER_ASAN)
    __sanitizer_start_switch_fiber(nullptr, outsideBottom_, outsideSize_);
#elif defined(PHIAL_FIBER_TSAN)
    __tsan_switch_to_fiber(outside_, 0);
#endif
  }

 private:
#if defined(PHIAL_FIBER_ASAN)
  void* outsideFake_ = nullptr;
  void* insideFake_ = nullptr;  // null until the fiber has been left for the first time
  const void* outsideBottom_ = nullptr;
  std::size_t outsideSize_ = 0;
#elif defined(PHIAL_FIBER_TSAN)
  void* inside_ = nullptr;
  void* outside_ = nullptr;
#endif
};

}  // namespace phial::inline v1::detail::sanitizers
