// As many jobs that do nothing as the pool can take, each with a Deferred of its own.
#include <phial/master.h>
#include <phial/worker.h>

#include <chrono>
#include <optional>
#include <utility>

#include "tests/perf/common/allocations.h"
#include "tests/perf/common/burst.h"
#include "tests/perf/common/command_line.h"
#include "tests/perf/common/heartbeat.h"
#include "tests/perf/common/sample.h"

namespace {

constexpr std::size_t kWarmUp = 2000;

struct Options {
  std::size_t jobs = 1'000'000;
  std::size_t workers = 0;
  std::size_t timeoutSeconds = 0;  // 0: the jobs have none
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures how many jobs that do nothing a pool runs in a second.",
               "phial_perf_burst");
  perf::addCount(app, "jobs", options.jobs, "Jobs");
  perf::addWorkers(app, options.workers);
  app.add_option("--timeout", options.timeoutSeconds, "The jobs' timeout in seconds; 0 for none");
  perf::parseOrExit(app, argc, argv);
  return options;
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::PoolOptions poolOptions;
  poolOptions.name = "burst";
  poolOptions.min = poolOptions.max = options.workers;
  if (options.timeoutSeconds > 0) {
    poolOptions.timeout = std::chrono::seconds(options.timeoutSeconds);
  }
  phial::ProcessPool pool(reactor, std::move(poolOptions));
  co_await pool.start();
  co_await perf::runBurst(reactor, pool, kWarmUp);
  std::optional<perf::Heartbeat> heartbeat(std::in_place, reactor);
  const auto before = perf::allocations();
  const auto burst = co_await perf::runBurst(reactor, pool, options.jobs);
  const auto jobs = static_cast<double>(options.jobs);
  perf::print(
      {.workload = "burst",
       .subject = "phial",
       .value = burst.jobsPerSecond(),
       .unit = "jobs/s",
       .also = {{"jobs", jobs},
                {"workers", static_cast<double>(options.workers)},
                {"submissionUs", burst.submissionUs.median()},
                {"submissionP99Us", burst.submissionUs.p99()},
                {"allocationsPerJob", static_cast<double>(perf::allocations() - before) / jobs},
                {"heartbeatP99Ms", heartbeat->delaysMs().p99()}}});
  heartbeat.reset();
  co_await pool.stop();
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_burst", run(reactor, options));
}
