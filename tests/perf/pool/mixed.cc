// One job of 2 s among a thousand of 1 ms, on two workers: how long do the short ones wait?
//
// All are submitted at once. While one worker is at the long job the other can do all of the short
// ones. Prints also the ideal, first in, first out: when the last of them would be done if none
// waited for the long one.
#include <phial/master.h>
#include <phial/worker.h>

#include <chrono>
#include <optional>
#include <vector>

#include "tests/perf/common/command_line.h"
#include "tests/perf/common/heartbeat.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/samples.h"
#include "tests/perf/common/stopwatch.h"
#include "tests/perf/common/work.h"

namespace {

constexpr std::size_t kWorkers = 2;
constexpr std::chrono::microseconds kShort{1000};
constexpr int kEarly = 10;  // one in so many of the short ones comes before the long one

struct Options {
  int jobs = 1000;
  int longMs = 2000;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures how long jobs of 1 ms wait for one long one, on two workers.",
               "phial_perf_mixed");
  perf::addCount(app, "jobs", options.jobs, "Short jobs");
  perf::addCount(app, "long-ms", options.longMs, "The long one, in milliseconds");
  perf::parseOrExit(app, argc, argv);
  return options;
}

phial::Deferred<void> shortJob(phial::ProcessPool& pool, perf::Samples& latenciesMs) {
  const perf::Stopwatch stopwatch;
  co_await pool.deferToProcess<perf::spin>(kShort);
  latenciesMs.add(stopwatch.milliseconds());
}

phial::Deferred<void> runAll(phial::ProcessPool& pool, Options options,
                             perf::Samples& latenciesMs) {
  std::vector<phial::Deferred<void>> pending;
  for (int i = 0; i < options.jobs; ++i) {
    if (i == options.jobs / kEarly) {
      pending.push_back(pool.deferToProcess<perf::spin>(std::chrono::milliseconds(options.longMs)));
    }
    pending.push_back(shortJob(pool, latenciesMs));
  }
  co_await phial::gatherResults(std::move(pending));
}

// Both workers at what comes before the long one; one of them, until that ends, at the rest.
double idealMs(const Options& options) {
  const int before = options.jobs / kEarly;
  const int rest = options.jobs - before;
  return before / 2.0 + (rest <= options.longMs ? rest : (rest + options.longMs) / 2.0);
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::ProcessPool pool(reactor, {.name = "mixed", .min = kWorkers, .max = kWorkers});
  co_await pool.start();
  perf::Samples latenciesMs;
  std::optional<perf::Heartbeat> heartbeat(std::in_place, reactor);
  co_await runAll(pool, options, latenciesMs);
  perf::print({.workload = "mixed",
               .subject = "phial",
               .value = latenciesMs.worst(),
               .unit = "ms",
               .also = {{"p99Ms", latenciesMs.p99()},
                        {"jobs", options.jobs},
                        {"heartbeatP99Ms", heartbeat->delaysMs().p99()}}});
  perf::print(
      {.workload = "mixed", .subject = "ideal, FIFO", .value = idealMs(options), .unit = "ms"});
  heartbeat.reset();
  co_await pool.stop();
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_mixed", run(reactor, options));
}
