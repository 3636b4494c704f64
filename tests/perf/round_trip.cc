// What does a job cost that does nothing?
//
// One at a time through a pool of one worker, beside the floor of a bare pipe ping-pong between two
// processes. The two alternate in short rounds, so that both see the same machine. Then many at
// once, in jobs a second.
#include <phial/master.h>
#include <phial/worker.h>

#include <chrono>
#include <cstdio>

#include "master/pool/available_cores.h"
#include "tests/perf/burst.h"
#include "tests/perf/command_line.h"
#include "tests/perf/ping_pong.h"
#include "tests/perf/samples.h"

namespace {

using Microseconds = std::chrono::duration<double, std::micro>;
using SteadyClock = std::chrono::steady_clock;

constexpr int kRoundTripsPerRound = 500;

struct Options {
  int rounds = 20;
  std::size_t jobs = 100'000;
  std::size_t workers = 0;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  options.workers = static_cast<std::size_t>(phial::detail::availableCores());
  CLI::App app(
      "Measures jobs that do nothing: one at a time through a pool of one worker, beside a bare\n"
      "pipe ping-pong with a forked child, and many at once.",
      "phial_perf_round_trip");
  app.add_option("--rounds", options.rounds, "Rounds of 500 round trips of each kind")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--jobs", options.jobs, "Jobs in the burst")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  app.add_option("--workers", options.workers, "Workers for the second burst (default: the cores)")
      ->check(CLI::Range(1, 256));
  perf::parseOrExit(app, argc, argv);
  return options;
}

void measureFloor(perf::PingPong& pingPong, perf::Samples& samples) {
  pingPong.roundTrip();  // warm
  for (int i = 0; i < kRoundTripsPerRound; ++i) {
    const auto begin = SteadyClock::now();
    pingPong.roundTrip();
    samples.add(Microseconds(SteadyClock::now() - begin).count());
  }
}

phial::Deferred<void> measureJobs(phial::ProcessPool& pool, perf::Samples& samples) {
  co_await pool.deferToProcess<perf::noOp>();  // warm
  for (int i = 0; i < kRoundTripsPerRound; ++i) {
    const auto begin = SteadyClock::now();
    co_await pool.deferToProcess<perf::noOp>();
    samples.add(Microseconds(SteadyClock::now() - begin).count());
  }
}

void print(const char* what, const perf::Samples& samples) {
  std::printf("%-32s %10.1f %10.1f %10.1f\n", what, samples.median(), samples.p99(),
              samples.worst());
}

phial::Deferred<void> oneAtATime(phial::Reactor& reactor, perf::PingPong& pingPong, int rounds) {
  phial::ProcessPool pool(reactor, {.name = "one", .min = 1, .max = 1});
  co_await pool.start();
  perf::Samples floor;
  perf::Samples jobs;
  for (int round = 0; round < rounds; ++round) {
    // Blocks the loop, which has nothing else to do.
    measureFloor(pingPong, floor);
    co_await measureJobs(pool, jobs);
  }
  co_await pool.stop();
  std::printf("one at a time, %zu of each        median us     p99 us   worst us\n", jobs.size());
  print("pipe ping-pong", floor);
  print("job that does nothing", jobs);
  std::printf("%-32s %10.2f %10.2f\n", "ratio", jobs.median() / floor.median(),
              jobs.p99() / floor.p99());
}

phial::Deferred<void> burst(phial::Reactor& reactor, std::size_t workers, std::size_t jobs) {
  phial::ProcessPool pool(reactor, {.name = "burst", .min = workers, .max = workers});
  co_await pool.start();
  const auto result = co_await perf::runBurst(reactor, pool, jobs);
  co_await pool.stop();
  std::printf("burst of %zu, %zu worker%s: %.0f jobs/s; a submission takes %.2f us (p99 %.2f)\n",
              jobs, workers, workers == 1 ? "" : "s", result.jobsPerSecond(),
              result.submissionUs.median(), result.submissionUs.p99());
}

phial::Deferred<int> run(phial::Reactor& reactor, perf::PingPong& pingPong, Options options) {
  co_await oneAtATime(reactor, pingPong, options.rounds);
  co_await burst(reactor, 1, options.jobs);
  if (options.workers != 1) co_await burst(reactor, options.workers, options.jobs);
  std::printf("%d cores; load %.2f\n", phial::detail::availableCores(), perf::loadAverage());
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  perf::PingPong pingPong;
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_round_trip", run(reactor, pingPong, options));
}
