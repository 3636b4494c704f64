#include <phial/master/deferred.h>

#include <mutex>
#include <utility>

#include "master/log/log.h"

namespace phial::inline v1 {
namespace {

void writeReport(const Failure& failure) {
  detail::logRecurring(detail::Recurring::unhandledError, "Unhandled error in Deferred", failure);
}

struct Hook {
  std::mutex mutex;
  UnhandledErrorHook function = writeReport;
};

// Never destroyed: Deferreds of static storage may still report.
Hook& hook() {
  static Hook& instance = *new Hook;
  return instance;
}

}  // namespace

UnhandledErrorHook setUnhandledErrorHook(UnhandledErrorHook function) {
  if (!function) function = writeReport;
  Hook& current = hook();
  std::lock_guard lock(current.mutex);
  return std::exchange(current.function, std::move(function));
}

void detail::reportUnhandled(const Failure& failure) noexcept {
  UnhandledErrorHook function;
  {
    Hook& current = hook();
    std::lock_guard lock(current.mutex);
    function = current.function;
  }
  function(failure);
}

}  // namespace phial::inline v1
