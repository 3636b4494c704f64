// Jobs of 10 ms of arithmetic on all cores: how much of the cores the pool lets its jobs have.
//
// The ideal is what plain forked processes do of the same work at the same time, one a core,
// without any pool; it is measured before and after. The value is jobs * seconds of one / (seconds
// in all * workers).
#include <phial/master.h>
#include <phial/worker.h>

#include <chrono>
#include <optional>
#include <vector>

#include "tests/perf/common/command_line.h"
#include "tests/perf/common/heartbeat.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/stopwatch.h"
#include "tests/perf/common/work.h"

namespace {

constexpr std::chrono::milliseconds kJob{10};

struct Options {
  int jobs = 400;
  std::size_t workers = 0;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures 10 ms jobs on all cores against the same work without a pool.",
               "phial_perf_cpu");
  perf::addCount(app, "jobs", options.jobs, "Jobs");
  perf::addWorkers(app, options.workers);
  perf::parseOrExit(app, argc, argv);
  return options;
}

struct Outcome {
  double seconds = 0;
  double heartbeatP99Ms = 0;
};

phial::Deferred<int> run(phial::Reactor& reactor, Options options, std::uint64_t steps,
                         Outcome& outcome) {
  phial::ProcessPool pool(reactor, {.name = "cpu", .min = options.workers, .max = options.workers});
  co_await pool.start();
  std::optional<perf::Heartbeat> heartbeat(std::in_place, reactor);
  const perf::Stopwatch stopwatch;
  std::vector<phial::Deferred<std::uint64_t>> pending;
  pending.reserve(static_cast<std::size_t>(options.jobs));
  for (int i = 0; i < options.jobs; ++i) pending.push_back(pool.deferToProcess<perf::churn>(steps));
  co_await phial::gatherResults(std::move(pending));
  outcome.seconds = stopwatch.seconds();
  outcome.heartbeatP99Ms = heartbeat->delaysMs().p99();
  heartbeat.reset();
  co_await pool.stop();
  co_return 0;
}

int runPool(const Options& options, std::uint64_t steps, Outcome& outcome) {
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_cpu", run(reactor, options, steps, outcome));
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  const auto workers = static_cast<int>(options.workers);
  const std::uint64_t steps = perf::stepsFor(kJob);
  const int each = options.jobs / 2 / workers + 1;
  const double before = perf::plainSecondsPerJob(workers, each, steps);
  Outcome outcome;
  if (const int status = runPool(options, steps, outcome); status != 0) return status;
  const double after = perf::plainSecondsPerJob(workers, each, steps);
  const double work = options.jobs * (before + after) / 2;
  perf::print({.workload = "cpu",
               .subject = "phial",
               .value = work / (outcome.seconds * workers),
               .unit = "of ideal",
               .also = {{"jobs", options.jobs},
                        {"workers", workers},
                        {"jobMsBefore", before * 1e3},
                        {"jobMsAfter", after * 1e3},
                        {"heartbeatP99Ms", outcome.heartbeatP99Ms}}});
}
