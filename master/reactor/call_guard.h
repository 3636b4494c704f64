// Calls made from the loop, with libevent's C frames below them: nothing may unwind out of here.
#pragma once

#include <exception>
#include <functional>

namespace phial::detail {

class CallGuard {
 public:
  using Hook = std::function<void(std::exception_ptr)>;

  CallGuard();

  /// Calls `f`; what it throws goes to the hook.
  void call(const std::function<void()>& f) noexcept;
  /// Empty: the default, which logs.
  void setHook(Hook hook);

 private:
  Hook hook_;
};

}  // namespace phial::detail
