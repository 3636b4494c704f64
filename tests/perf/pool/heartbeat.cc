// Does the loop keep its rhythm beside busy workers?
//
// A heartbeat is due every 5 ms on the master's loop. Its delay is measured idle, beside as many
// busy workers as there are cores, and beside twice as many. The other workloads measure it too,
// each in passing.
#include <phial/master.h>
#include <phial/worker.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tests/perf/common/command_line.h"
#include "tests/perf/common/heartbeat.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/samples.h"
#include "tests/perf/common/work.h"

namespace {

constexpr std::chrono::milliseconds kBusyJob{50};

struct Options {
  double seconds = 3;
  std::size_t workers = 0;

  phial::Duration phase() const {
    return std::chrono::duration_cast<phial::Duration>(std::chrono::duration<double>(seconds));
  }
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Measures how late a heartbeat of 5 ms comes on the master's loop: idle, beside busy "
      "workers,\n"
      "and beside twice as many.",
      "phial_perf_heartbeat");
  app.add_option("--seconds", options.seconds, "Length of each phase")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  perf::addWorkers(app, options.workers);
  perf::parseOrExit(app, argc, argv);
  return options;
}

void print(const std::string& subject, const perf::Samples& delaysMs) {
  perf::print({.workload = "heartbeat",
               .subject = "phial, " + subject,
               .value = delaysMs.p99(),
               .unit = "ms",
               .also = {{"medianMs", delaysMs.median()},
                        {"worstMs", delaysMs.worst()},
                        {"jobs", static_cast<double>(delaysMs.size())},
                        {"heartbeatP99Ms", delaysMs.p99()}}});
}

// Gives a worker one job after the other until it is told to stop.
phial::Deferred<void> keepBusy(phial::ProcessPool& pool, const bool& stop) {
  while (!stop) co_await pool.deferToProcess<perf::spin>(kBusyJob);
}

phial::Deferred<void> idle(phial::Reactor& reactor, Options options) {
  perf::Heartbeat heartbeat(reactor);
  co_await phial::deferLater(reactor, options.phase(), [] {});
  print("idle", heartbeat.delaysMs());
}

phial::Deferred<void> besideBusyWorkers(phial::Reactor& reactor, Options options,
                                        std::size_t workers) {
  phial::ProcessPool pool(reactor, {.name = "busy", .min = workers, .max = workers});
  co_await pool.start();
  bool stop = false;
  std::vector<phial::Deferred<void>> pending;
  pending.reserve(workers);
  for (std::size_t i = 0; i < workers; ++i) pending.push_back(keepBusy(pool, stop));
  std::optional<perf::Heartbeat> heartbeat(std::in_place, reactor);
  co_await phial::deferLater(reactor, options.phase(), [] {});
  print(std::to_string(workers) + " busy workers", heartbeat->delaysMs());
  heartbeat.reset();
  stop = true;
  co_await phial::gatherResults(std::move(pending));
  co_await pool.stop();
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  co_await idle(reactor, options);
  co_await besideBusyWorkers(reactor, options, options.workers);
  co_await besideBusyWorkers(reactor, options, 2 * options.workers);
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_heartbeat", run(reactor, options));
}
