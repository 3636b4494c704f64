// A job that does nothing, one at a time through a pool of one worker.
#include <phial/master.h>
#include <phial/worker.h>

#include <chrono>
#include <optional>

#include "tests/perf/common/allocations.h"
#include "tests/perf/common/burst.h"
#include "tests/perf/common/command_line.h"
#include "tests/perf/common/heartbeat.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/samples.h"
#include "tests/perf/common/stopwatch.h"

namespace {

constexpr int kWarmUp = 200;
constexpr std::chrono::microseconds kSpin{50};

struct Options {
  int roundTrips = 5000;
  bool spin = false;

  std::string_view subject() const { return spin ? "phial, spin" : "phial"; }
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures jobs that do nothing, one at a time through a pool of one worker.",
               "phial_perf_latency");
  perf::addCount(app, "round-trips", options.roundTrips, "Jobs");
  app.add_flag("--spin", options.spin, "Poll for 50 us before sleeping, at both ends");
  perf::parseOrExit(app, argc, argv);
  return options;
}

phial::Deferred<int> run(phial::Reactor& reactor, phial::PoolOptions poolOptions, Options options) {
  phial::ProcessPool pool(reactor, std::move(poolOptions));
  co_await pool.start();
  for (int i = 0; i < kWarmUp; ++i) co_await pool.deferToProcess<perf::noOp>();
  perf::Samples samples;
  samples.reserve(static_cast<std::size_t>(options.roundTrips));
  std::optional<perf::Heartbeat> heartbeat(std::in_place, reactor);
  const auto before = perf::allocations();
  for (int i = 0; i < options.roundTrips; ++i) {
    const perf::Stopwatch stopwatch;
    co_await pool.deferToProcess<perf::noOp>();
    samples.add(stopwatch.microseconds());
  }
  const auto allocations = static_cast<double>(perf::allocations() - before);
  perf::print({.workload = "latency",
               .subject = options.subject(),
               .value = samples.median(),
               .unit = "us",
               .also = {{"p99Us", samples.p99()},
                        {"jobs", options.roundTrips},
                        {"allocationsPerJob", allocations / options.roundTrips},
                        {"heartbeatP99Ms", heartbeat->delaysMs().p99()}}});
  heartbeat.reset();
  co_await pool.stop();
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::PoolOptions poolOptions{.name = "latency", .min = 1, .max = 1};
  if (options.spin) poolOptions.spin = kSpin;
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_latency", run(reactor, poolOptions, options));
}
