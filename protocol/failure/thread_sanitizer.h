// What ThreadSanitizer has to be told about exceptions that several threads hold.
//
// An exception is counted by its holders inside libstdc++, which is not instrumented: where one
// thread has read it and another is the last to let go, ThreadSanitizer sees a race. Without it all
// of this is empty.
#pragma once

#include <cstring>
#include <exception>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PHIAL_FAILURE_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define PHIAL_FAILURE_TSAN 1
#endif

#if defined(PHIAL_FAILURE_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace phial::inline v1::detail {

/// To be called before a holder of `exception` lets it go: what it has read happened before the
/// destruction, whoever does that.
inline void exceptionLetGo([[maybe_unused]] const std::exception_ptr& exception) {
#if defined(PHIAL_FAILURE_TSAN)
  static_assert(sizeof(std::exception_ptr) == sizeof(void*), "it holds the object's address");
  void* object = nullptr;
  std::memcpy(&object, &exception, sizeof object);
  if (object == nullptr) return;
  __tsan_release(object);
  __tsan_acquire(object);
#endif
}

}  // namespace phial::inline v1::detail
