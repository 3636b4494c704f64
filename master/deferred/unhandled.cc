#include <phial/master/deferred.h>

#include <cstdio>
#include <mutex>
#include <utility>

namespace phial {
namespace {

void writeReport(const Failure& failure) {
  std::string report = "Unhandled error in Deferred: " + failure.type() + ": " + failure.message();
  report += "\n" + failure.traceback();
  if (report.back() != '\n') report += '\n';
  std::fwrite(report.data(), 1, report.size(), stderr);  // one call: one piece among threads
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

}  // namespace phial
