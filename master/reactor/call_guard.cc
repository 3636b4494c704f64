#include "master/reactor/call_guard.h"

#include <utility>

#include "master/log/log.h"

namespace phial::inline v1::detail {
namespace {

void logError(std::exception_ptr error) {
  logRecurring(Recurring::callbackError, "Unhandled error in a callback of the reactor",
               Failure(std::move(error), {}));
}

}  // namespace

CallGuard::CallGuard() : hook_(logError) {}

void CallGuard::call(const std::function<void()>& f) {
  if (mark_.inherited()) return;
  try {
    f();
  } catch (...) {
    const Failure failure = Failure::current();  // passes the end of the thread on
    report(failure);
  }
}

void CallGuard::report(const Failure& failure) noexcept {
  const Hook hook = hook_;  // a copy: the hook may replace itself
  hook(failure.exception());
}

void CallGuard::setHook(Hook hook) { hook_ = hook ? std::move(hook) : Hook(logError); }

}  // namespace phial::inline v1::detail
