#include "master/cli/stress.h"

#include <phial/master/react.h>
#include <phial/master/signal_watch.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include "master/cli/census.h"
#include "master/cli/report.h"
#include "master/cli/stress_run.h"

namespace phial::inline v1::cli {
namespace {

// What was killed last may still be on its way out: a second for that.
Children childrenLeft() {
  Children left = countChildren();
  for (int tries = 0; tries < 100 && left.all() > 0; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    left = countChildren();
  }
  return left;
}

class UnhandledErrors {
 public:
  explicit UnhandledErrors(UnhandledErrorHook hook)
      : before_(setUnhandledErrorHook(std::move(hook))) {}
  ~UnhandledErrors() { setUnhandledErrorHook(std::move(before_)); }
  UnhandledErrors(const UnhandledErrors&) = delete;
  UnhandledErrors& operator=(const UnhandledErrors&) = delete;

 private:
  UnhandledErrorHook before_;
};

int runTo(Report& report, const StressOptions& options) {
  Reactor reactor;
  StressRun run(reactor, options);
  const SignalWatch signals(reactor, {SIGINT, SIGTERM}, [&] { run.interrupt(); });
  const UnhandledErrors unhandled([&](const Failure& failure) { run.trouble(failure); });
  reactor.onCallbackError([&](const std::exception_ptr& error) { run.trouble(Failure(error)); });
  const int status = react(reactor, "phial stress", run.run().addCallback([] { return 0; }));
  if (status == 0) run.reportTo(report);
  reactor.onCallbackError({});
  return status;
}

}  // namespace

int runStress(const StressOptions& options) {
  adoptOrphans();
  Report report;
  report.before = footprint();
  if (const int status = runTo(report, options); status != 0) return status;
  report.left = childrenLeft();
  report.after = footprint();
  const auto text = options.format == ReportFormat::json ? toJson(report) : describe(report);
  std::fputs(text.c_str(), stdout);
  return objections(report).empty() ? 0 : 1;
}

}  // namespace phial::inline v1::cli
