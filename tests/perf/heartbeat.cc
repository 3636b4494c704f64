// Does the loop keep its rhythm while the pool works?
//
// A heartbeat is due every 5 ms on the master's loop. Its delay is measured idle, beside busy
// workers, and while a hundred thousand short jobs are submitted and run. Ends with 1 when the 99th
// percentile of any row is not under 2 ms.
#include <phial/master.h>
#include <phial/worker.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "master/pool/available_cores.h"
#include "tests/perf/burst.h"
#include "tests/perf/command_line.h"
#include "tests/perf/samples.h"

namespace perf {

/// Keeps a core busy.
void spin(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

}  // namespace perf

namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr phial::Duration kInterval = std::chrono::milliseconds(5);
constexpr std::chrono::milliseconds kBusyJob{50};
constexpr std::size_t kShortJobs = 100'000;
constexpr double kRequiredP99Ms = 2;
constexpr int kWorkerNiceness = phial::Limits{}.niceness;

struct Options {
  double seconds = 3;
  std::size_t workers = 0;

  phial::Duration phase() const {
    return std::chrono::duration_cast<phial::Duration>(std::chrono::duration<double>(seconds));
  }
};

Options parseOptions(int argc, char** argv) {
  Options options;
  options.workers = static_cast<std::size_t>(phial::detail::availableCores());
  CLI::App app(
      "Measures how late a heartbeat of 5 ms comes on the master's loop: idle, beside busy\n"
      "workers, and with 100,000 short jobs. Exit status 1 when a 99th percentile is not under\n"
      "2 ms.",
      "phial_perf_heartbeat");
  app.add_option("--seconds", options.seconds, "Length of each phase but the last")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  app.add_option("--workers", options.workers,
                 "Workers; a row with twice as many follows (default: the cores)")
      ->check(CLI::Range(1, 256));
  perf::parseOrExit(app, argc, argv);
  return options;
}

// Beats at absolute times. When the loop was held up, each beat that fell due meanwhile counts,
// with its own delay.
class Heartbeat {
 public:
  explicit Heartbeat(phial::Reactor& reactor) : reactor_(reactor), due_(reactor.now() + kInterval) {
    next();
  }
  ~Heartbeat() { call_.cancel(); }
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  /// The delays so far in milliseconds, of beats that are overdue now too.
  perf::Samples delays() {
    take();
    return delays_;
  }

 private:
  void next() {
    call_ = reactor_.callLater(due_ - reactor_.now(), [this] {
      take();
      next();
    });
  }
  void take() {
    const auto now = reactor_.now();
    for (; due_ <= now; due_ += kInterval) delays_.add(Milliseconds(now - due_).count());
  }

  phial::Reactor& reactor_;
  phial::TimePoint due_;
  phial::DelayedCall call_;
  perf::Samples delays_;
};

struct Row {
  std::string what;
  perf::Samples delays;
};

// Gives each worker one job after the other until it is told to stop.
phial::Deferred<void> keepBusy(phial::ProcessPool& pool, const bool& stop) {
  while (!stop) co_await pool.deferToProcess<perf::spin>(kBusyJob);
}

phial::Deferred<Row> idle(phial::Reactor& reactor, Options options) {
  Heartbeat heartbeat(reactor);
  co_await phial::deferLater(reactor, options.phase(), [] {});
  co_return Row{"idle", heartbeat.delays()};
}

phial::Deferred<Row> besideBusyWorkers(phial::Reactor& reactor, Options options,
                                       std::size_t workers) {
  phial::ProcessPool pool(reactor, {.name = "busy", .min = workers, .max = workers});
  co_await pool.start();
  bool stop = false;
  std::vector<phial::Deferred<void>> pending;
  for (std::size_t i = 0; i < workers; ++i) pending.push_back(keepBusy(pool, stop));
  std::optional<Heartbeat> heartbeat(std::in_place, reactor);
  co_await phial::deferLater(reactor, options.phase(), [] {});
  Row row{std::to_string(workers) + " busy workers", heartbeat->delays()};
  heartbeat.reset();
  stop = true;
  co_await phial::gatherResults(std::move(pending));
  co_await pool.stop();
  co_return row;
}

struct BurstRow {
  Row row;
  perf::Burst burst;
};

phial::Deferred<BurstRow> withShortJobs(phial::Reactor& reactor, Options options) {
  phial::ProcessPool pool(reactor,
                          {.name = "short", .min = options.workers, .max = options.workers});
  co_await pool.start();
  std::optional<Heartbeat> heartbeat(std::in_place, reactor);
  auto burst = co_await perf::runBurst(reactor, pool, kShortJobs);
  Row row{std::to_string(kShortJobs) + " short jobs", heartbeat->delays()};
  heartbeat.reset();
  co_await pool.stop();
  co_return BurstRow{std::move(row), std::move(burst)};
}

void printHead() {
  std::printf("delay of a 5 ms heartbeat   beats  median ms     p99 ms   worst ms\n");
}

// Prints the row, and returns whether it is good enough.
bool print(const Row& row) {
  std::printf("%-25s %7zu %10.3f %10.3f %10.3f\n", row.what.c_str(), row.delays.size(),
              row.delays.median(), row.delays.p99(), row.delays.worst());
  std::fflush(stdout);
  return row.delays.p99() < kRequiredP99Ms;
}

void printBurst(const perf::Burst& burst) {
  std::printf("\nshort jobs: %.0f jobs/s; a submission takes %.2f us (p99 %.2f, worst %.0f)\n",
              burst.jobsPerSecond(), burst.submissionUs.median(), burst.submissionUs.p99(),
              burst.submissionUs.worst());
}

void printFooter(const Options& options) {
  std::printf("%d cores; workers: %zu, twice %zu; niceness: master %d, workers %d; load %.2f\n",
              phial::detail::availableCores(), options.workers, 2 * options.workers,
              ::getpriority(PRIO_PROCESS, 0), ::getpriority(PRIO_PROCESS, 0) + kWorkerNiceness,
              perf::loadAverage());
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  std::vector<std::string> tooLate;
  const auto report = [&](const Row& row) {
    if (!print(row)) tooLate.push_back(row.what);
  };
  printHead();
  report(co_await idle(reactor, options));
  report(co_await besideBusyWorkers(reactor, options, options.workers));
  report(co_await besideBusyWorkers(reactor, options, 2 * options.workers));
  const BurstRow last = co_await withShortJobs(reactor, options);
  report(last.row);
  printBurst(last.burst);
  printFooter(options);
  for (const auto& what : tooLate) {
    std::printf("TOO LATE: %s: the p99 is not under %.0f ms\n", what.c_str(), kRequiredP99Ms);
  }
  co_return tooLate.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_heartbeat", run(reactor, options));
}
