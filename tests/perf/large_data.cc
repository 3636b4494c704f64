// What does it cost to move much data?
//
// An array in shared memory, of any size and either way, beside a job that does nothing; and a
// large argument that is copied, beside one memcpy of the same memory. Each pair alternates, so
// that both see the same machine.
#include <phial/master.h>
#include <phial/worker.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <span>
#include <vector>

#include "tests/perf/burst.h"
#include "tests/perf/command_line.h"
#include "tests/perf/samples.h"

namespace {

using Microseconds = std::chrono::duration<double, std::micro>;
using SteadyClock = std::chrono::steady_clock;
using Shared = phial::SharedArray<double>;

struct Options {
  int rounds = 300;
  int copies = 20;
  std::size_t mebibytes = 64;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Measures shared arrays of several sizes beside a job that does nothing, and large\n"
      "arguments that are copied beside memcpy.",
      "phial_perf_large_data");
  app.add_option("--rounds", options.rounds, "Round trips of each shared array")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--copies", options.copies, "Arguments that are copied")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--mebibytes", options.mebibytes, "Size of an argument that is copied")
      ->check(CLI::Range(1, 500))
      ->capture_default_str();
  perf::parseOrExit(app, argc, argv);
  return options;
}

double takeShared(const Shared& array) { return array[array.size() - 1]; }
Shared giveShared(std::size_t count) { return Shared(count); }
double takeVector(const std::vector<double>& values) { return values.back(); }
double takeSpan(std::span<const double> values) { return values.back(); }

double since(SteadyClock::time_point begin) {
  return Microseconds(SteadyClock::now() - begin).count();
}

void print(const char* what, std::size_t bytes, const perf::Samples& samples, double base) {
  std::printf("%-28s %12zu %10.1f %10.1f %8.2f\n", what, bytes, samples.median(), samples.p99(),
              samples.median() / base);
}

phial::Deferred<void> measureArgument(phial::ProcessPool& pool, std::size_t bytes, int rounds) {
  const Shared array(bytes / sizeof(double));
  perf::Samples nothing;
  perf::Samples there;
  for (int i = 0; i < rounds; ++i) {
    auto begin = SteadyClock::now();
    co_await pool.deferToProcess<perf::noOp>();
    nothing.add(since(begin));
    begin = SteadyClock::now();
    co_await pool.deferToProcess<takeShared>(array);
    there.add(since(begin));
  }
  print("job that does nothing", 0, nothing, nothing.median());
  print("shared array, argument", bytes, there, nothing.median());
}

phial::Deferred<void> measureResult(phial::ProcessPool& pool, std::size_t bytes, int rounds) {
  perf::Samples nothing;
  perf::Samples back;
  for (int i = 0; i < rounds; ++i) {
    auto begin = SteadyClock::now();
    co_await pool.deferToProcess<perf::noOp>();
    nothing.add(since(begin));
    begin = SteadyClock::now();
    const auto made = co_await pool.deferToProcess<giveShared>(bytes / sizeof(double));
    back.add(since(begin));
  }
  print("job that does nothing", 0, nothing, nothing.median());
  print("shared array, result", bytes, back, nothing.median());
}

// Warm memory on both sides, as of a program that has worked for a while.
void measureMemcpy(std::span<const double> from, perf::Samples& samples) {
  static std::vector<double> target;
  target.resize(from.size());
  std::memcpy(target.data(), from.data(), from.size_bytes());
  const auto begin = SteadyClock::now();
  std::memcpy(target.data(), from.data(), from.size_bytes());
  samples.add(since(begin));
}

template <auto function>
phial::Deferred<void> measureCopies(phial::ProcessPool& pool, const char* what, Options options) {
  const std::size_t bytes = options.mebibytes << 20;
  const std::vector<double> values(bytes / sizeof(double), 1.5);
  perf::Samples memcpys;
  perf::Samples jobs;
  for (int i = 0; i < options.copies; ++i) {
    measureMemcpy(values, memcpys);
    auto argument = values;
    const auto begin = SteadyClock::now();
    co_await pool.deferToProcess<function>(std::move(argument));
    if (i > 0) jobs.add(since(begin));
  }
  print("memcpy", bytes, memcpys, jobs.median());
  print(what, bytes, jobs, jobs.median());
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::ProcessPool pool(reactor, {.name = "large", .min = 1, .max = 1});
  co_await pool.start();
  std::printf("%-28s %12s %10s %10s %8s\n", "", "bytes", "median us", "p99 us", "ratio");
  for (const std::size_t bytes :
       {std::size_t{1} << 10, std::size_t{1} << 20, std::size_t{64} << 20, std::size_t{1} << 30}) {
    co_await measureArgument(pool, bytes, options.rounds);
    co_await measureResult(pool, bytes, options.rounds);
  }
  co_await measureCopies<takeVector>(pool, "const vector&, copied", options);
  co_await measureCopies<takeSpan>(pool, "span, copied", options);
  co_await pool.stop();
  std::printf("load %.2f\n", perf::loadAverage());
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_large_data", run(reactor, options));
}
