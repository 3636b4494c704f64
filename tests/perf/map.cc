// What does a map of many small elements cost?
//
// Maps 64-bit integers through a function that does next to nothing, so that what is measured is
// reading, chunking, carrying and gathering. Python's ProcessPoolExecutor.map with chunksize=1000
// and as many workers is the peer to compare with.
#include <phial/master.h>
#include <phial/worker.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <ranges>
#include <vector>

#include "tests/perf/command_line.h"

namespace {

struct Options {
  std::uint64_t elements = 10'000'000;
  std::size_t workers = 2;
  int rounds = 3;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Maps integers through a function that does next to nothing.", "phial_perf_map");
  app.add_option("--elements", options.elements, "Elements in the range")->capture_default_str();
  app.add_option("--workers", options.workers, "Workers of the pool")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_option("--rounds", options.rounds, "Times that it is measured")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  perf::parseOrExit(app, argc, argv);
  return options;
}

std::uint64_t scramble(std::uint64_t n) { return n * 3 + 1; }

double secondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void print(const char* what, std::uint64_t elements, double seconds, std::uint64_t jobs) {
  std::printf("%-8s %10.3f s %12.1f M elements/s %8lu jobs\n", what, seconds,
              static_cast<double>(elements) / seconds / 1e6, static_cast<unsigned long>(jobs));
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::ProcessPool pool(reactor, {.min = options.workers, .max = options.workers});
  co_await pool.start();
  for (int round = 0; round < options.rounds; ++round) {
    const auto range = std::views::iota(std::uint64_t{0}, options.elements);
    auto submitted = pool.stats().submitted;
    auto begin = std::chrono::steady_clock::now();
    const auto results = co_await pool.map<scramble>(range);
    print("map", options.elements, secondsSince(begin), pool.stats().submitted - submitted);
    if (results.size() != options.elements || results.back() != scramble(options.elements - 1)) {
      co_return 1;
    }
    std::uint64_t sum = 0;
    submitted = pool.stats().submitted;
    begin = std::chrono::steady_clock::now();
    co_await pool.forEach<scramble>(range, [&sum](std::uint64_t n) { sum += n; });
    print("forEach", options.elements, secondsSince(begin), pool.stats().submitted - submitted);
    if (sum != std::accumulate(results.begin(), results.end(), std::uint64_t{0})) co_return 1;
  }
  co_await pool.stop();
  std::printf("load %.2f\n", perf::loadAverage());
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_map", run(reactor, options));
}
