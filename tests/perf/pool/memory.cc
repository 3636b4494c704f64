// What a queued job that does nothing keeps in the master's memory, with its Deferred.
//
// All jobs are submitted before the loop has a turn, so that all are queued. The array that holds
// the Deferreds is the caller's and not counted.
#include <malloc.h>
#include <phial/master.h>
#include <phial/worker.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <vector>

#include "tests/perf/common/allocations.h"
#include "tests/perf/common/burst.h"
#include "tests/perf/common/command_line.h"
#include "tests/perf/common/sample.h"

namespace {

struct Options {
  std::size_t jobs = 1'000'000;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures the master's memory for each queued job that does nothing.",
               "phial_perf_memory");
  perf::addCount(app, "jobs", options.jobs, "Jobs");
  perf::parseOrExit(app, argc, argv);
  return options;
}

struct Usage {
  double residentBytes;
  double heapBytes;
  double allocations;
};

Usage usageNow() {
  double total = 0;
  double resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  const auto heap = ::mallinfo2();
  return {resident * static_cast<double>(::sysconf(_SC_PAGESIZE)),
          static_cast<double>(heap.uordblks + heap.hblkhd),
          static_cast<double>(perf::allocations())};
}

void printDifference(const Usage& before, const Usage& after, std::size_t count) {
  const auto jobs = static_cast<double>(count);
  perf::print({.workload = "memory",
               .subject = "phial",
               .value = (after.residentBytes - before.residentBytes) / jobs,
               .unit = "bytes/job",
               .also = {{"jobs", jobs},
                        {"heapBytes", (after.heapBytes - before.heapBytes) / jobs},
                        {"allocationsPerJob", (after.allocations - before.allocations) / jobs}}});
}

phial::PoolOptions poolOptions() {
  return {.name = "memory", .min = 1, .max = 1, .onLog = [](const phial::LogRecord&) {}};
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::ProcessPool pool(reactor, poolOptions());
  co_await pool.start();
  co_await pool.deferToProcess<perf::noOp>();
  std::vector<phial::Deferred<void>> deferreds(options.jobs);
  const Usage before = usageNow();
  for (auto& deferred : deferreds) deferred = pool.deferToProcess<perf::noOp>();
  printDifference(before, usageNow(), options.jobs);
  co_await pool.stop({.within = phial::Duration::zero()});
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  // The jobs fail with PoolStopped in the end, and nobody asks.
  phial::setUnhandledErrorHook([](const phial::Failure&) {});
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_memory", run(reactor, options));
}
