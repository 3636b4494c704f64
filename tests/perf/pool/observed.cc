// What it costs to watch a pool: a burst with nobody, somebody or much that looks at each job.
//
// The figure that does not depend on what else the machine does is the master's own processor time
// for each job.
#include <phial/master.h>
#include <phial/service.h>
#include <phial/worker.h>
#include <sys/resource.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/perf/common/burst.h"
#include "tests/perf/common/command_line.h"
#include "tests/perf/common/sample.h"

namespace {

constexpr std::size_t kWarmUp = 20'000;

struct Options {
  std::size_t jobs = 1'000'000;
  std::size_t workers = 0;
  std::string by = "none";
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures a burst of jobs that do nothing while it is watched.",
               "phial_perf_observed");
  perf::addCount(app, "jobs", options.jobs, "Jobs");
  perf::addWorkers(app, options.workers);
  app.add_option("--by", options.by, "Who watches: none, empty, metrics, trace")
      ->check(CLI::IsMember({"none", "empty", "metrics", "trace"}));
  perf::parseOrExit(app, argc, argv);
  return options;
}

/// Overrides nothing.
class Empty : public phial::PoolObserver {};

double processorSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::PoolOptions poolOptions;
  poolOptions.name = "observed";
  poolOptions.min = poolOptions.max = options.workers;
  phial::ProcessPool pool(reactor, std::move(poolOptions));
  co_await pool.start();
  phial::Observation observation;
  std::unique_ptr<phial::Metrics> metrics;
  std::unique_ptr<phial::TraceFile> trace;
  if (options.by == "empty") observation = pool.observe(std::make_shared<Empty>());
  if (options.by == "metrics") {
    metrics = std::make_unique<phial::Metrics>(reactor);
    metrics->add("observed", pool);
  }
  if (options.by == "trace") {
    phial::TraceFileOptions to;
    to.path = "/dev/null";
    trace = std::make_unique<phial::TraceFile>(reactor, std::move(to));
    trace->add("observed", pool);
  }
  co_await perf::runBurst(reactor, pool, kWarmUp);
  const double before = processorSeconds();
  const auto burst = co_await perf::runBurst(reactor, pool, options.jobs);
  const double used = processorSeconds() - before;
  const auto jobs = static_cast<double>(options.jobs);
  perf::print({.workload = "observed",
               .subject = options.by,
               .value = burst.jobsPerSecond(),
               .unit = "jobs/s",
               .also = {{"jobs", jobs},
                        {"masterNsPerJob", used / jobs * 1e9},
                        {"leftOut", trace ? static_cast<double>(trace->jobsLeftOut()) : 0}}});
  co_await pool.stop();
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_observed", run(reactor, options));
}
