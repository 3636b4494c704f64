#include "master/reactor/call_guard.h"

#include <spdlog/spdlog.h>

namespace phial::detail {
namespace {

void logError(std::exception_ptr error) {
  try {
    std::rethrow_exception(std::move(error));
  } catch (const std::exception& e) {
    spdlog::error("Unhandled error in a callback of the reactor: {}", e.what());
  } catch (...) {
    spdlog::error("Unhandled error in a callback of the reactor, not a std::exception");
  }
}

}  // namespace

CallGuard::CallGuard() : hook_(logError) {}

void CallGuard::call(const std::function<void()>& f) noexcept {
  try {
    f();
  } catch (...) {
    // A copy: the hook may replace itself.
    const Hook hook = hook_;
    hook(std::current_exception());
  }
}

void CallGuard::setHook(Hook hook) { hook_ = hook ? std::move(hook) : Hook(logError); }

}  // namespace phial::detail
