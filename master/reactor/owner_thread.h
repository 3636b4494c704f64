// The thread that something belongs to, and a clear error for every other one.
#pragma once

#include <string>
#include <thread>

namespace phial::inline v1::detail {

/// Remembers the thread that made it.
class OwnerThread {
 public:
  OwnerThread();

  /// Throws std::logic_error on any other thread: it names `call`, both threads, and callFromThread
  /// as the way in. Costs a comparison where all is well.
  void require(const char* call) const {
    if (std::this_thread::get_id() != id_) [[unlikely]]
      refuse(call);
  }
  /// The same in debug builds only.
  void requireInDebug([[maybe_unused]] const char* call) const {
#ifndef NDEBUG
    require(call);
#endif
  }

 private:
  [[noreturn]] void refuse(const char* call) const;

  std::thread::id id_ = std::this_thread::get_id();
  std::string name_;
};

}  // namespace phial::inline v1::detail
