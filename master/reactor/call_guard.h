// Calls made from the loop, with libevent's C frames below them: no exception may unwind out of
// here. The end of the thread (pthread_exit, pthread_cancel) may: it unwinds C frames too, and ends
// the loop with them. In a process forked from the loop's own no call is made.
#pragma once

#include <phial/protocol/failure.h>
#include <phial/protocol/fork_mark.h>

#include <exception>
#include <functional>

namespace phial::inline v1::detail {

class CallGuard {
 public:
  using Hook = std::function<void(std::exception_ptr)>;

  CallGuard();

  /// Calls `f`; what it throws goes to the hook.
  void call(const std::function<void()>& f);
  /// Empty: the default, which logs.
  void setHook(Hook hook);
  /// Whether this is a process forked from the one of the loop.
  bool inherited() const { return mark_.inherited(); }

 private:
  void report(const Failure& failure) noexcept;

  const ForkMark mark_;
  Hook hook_;
};

}  // namespace phial::inline v1::detail
