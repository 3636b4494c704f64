// How much of their memory do workers share that are forked from one template?
//
// Each worker reads all that the template has prepared, so that all of it is resident. The share is
// 1 - private / resident, over all workers, as /proc/PID/smaps_rollup says it.
#include <phial/master.h>
#include <phial/worker.h>
#include <unistd.h>

#include <cstdio>
#include <set>
#include <vector>

#include "tests/perf/common/command_line.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/warm_state.h"

namespace {

struct Options {
  std::size_t workers = 8;
  std::uint64_t mebibytes = 1024;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures how much memory warm workers share.", "phial_perf_warm_memory");
  app.add_option("--workers", options.workers, "Workers")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--mib", options.mebibytes, "What the template prepares")
      ->check(CLI::Range(1, 1 << 16))
      ->capture_default_str();
  perf::parseOrExit(app, argc, argv);
  return options;
}

struct Memory {
  std::uint64_t worker;
  std::uint64_t resident;
  std::uint64_t unshared;
};

Memory lookAt(std::uint64_t worker) {
  perf::readMemory();
  return {worker, perf::rollup("Rss"),
          perf::rollup("Private_Clean") + perf::rollup("Private_Dirty")};
}

// A pool of one for each worker would have as many templates; so each job names its worker by its
// process, and holds it for long enough that every worker gets one.
Memory lookAtThisWorker(std::uint64_t) {
  const Memory memory = lookAt(static_cast<std::uint64_t>(::getpid()));
  ::usleep(200'000);
  return memory;
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::ProcessPool pool(reactor, {.name = "warm",
                                    .min = options.workers,
                                    .max = options.workers,
                                    .warm = phial::prepareWith<perf::fillMemory>(options.mebibytes),
                                    .onLog = [](const phial::LogRecord&) {}});
  co_await pool.start();
  std::set<std::uint64_t> seen;
  std::uint64_t resident = 0;
  std::uint64_t unshared = 0;
  while (seen.size() < options.workers) {
    const std::vector<std::uint64_t> places(options.workers);
    phial::MapOptions one;
    one.chunk = 1;
    one.inFlight = options.workers;
    const auto found = co_await pool.with(one).map<lookAtThisWorker>(places);
    for (const Memory& memory : found) {
      if (!seen.insert(memory.worker).second) continue;
      resident += memory.resident;
      unshared += memory.unshared;
    }
  }
  co_await pool.stop();
  const auto share = 1 - static_cast<double>(unshared) / static_cast<double>(resident);
  perf::print({.workload = "warm memory",
               .subject = "phial, shared",
               .value = 100 * share,
               .unit = "%",
               .also = {{"workers", static_cast<double>(options.workers)},
                        {"residentMiB", static_cast<double>(resident >> 20)},
                        {"privateMiB", static_cast<double>(unshared >> 20)}}});
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_warm_memory", run(reactor, options));
}
