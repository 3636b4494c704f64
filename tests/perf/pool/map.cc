// One function over a range of integers, the results in order: ProcessPool::map, where there is
// one. The range is lent, not copied, as Python's pools have it.
#include <phial/master.h>
#include <phial/worker.h>

#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

#include "tests/perf/common/command_line.h"
#include "tests/perf/common/heartbeat.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/stopwatch.h"

namespace perf {

using Integers = std::vector<std::int64_t>;

std::int64_t increment(std::int64_t number) { return number + 1; }

Integers firstIntegers(std::size_t count) {
  Integers items(count);
  std::iota(items.begin(), items.end(), 0);
  return items;
}

}  // namespace perf

namespace {

constexpr std::size_t kWarmUp = 10'000;

struct Options {
  std::size_t items = 10'000'000;
  int maps = 1;
  std::size_t workers = 0;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures ProcessPool::map over integers.", "phial_perf_map");
  perf::addCount(app, "items", options.items, "Integers");
  perf::addCount(app, "maps", options.maps, "How often, one map after the other");
  perf::addWorkers(app, options.workers);
  perf::parseOrExit(app, argc, argv);
  return options;
}

template <class Pool>
concept HasMap = requires(Pool& pool, const perf::Integers& items) {
  pool.template map<perf::increment>(items);
};

// A template, so that a pool without map() is not asked for it.
template <class Pool>
phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  Pool pool(reactor, {.name = "map", .min = options.workers, .max = options.workers});
  co_await pool.start();
  co_await pool.template map<perf::increment>(perf::firstIntegers(kWarmUp));
  const perf::Integers items = perf::firstIntegers(options.items);
  std::optional<perf::Heartbeat> heartbeat(std::in_place, reactor);
  const perf::Stopwatch stopwatch;
  for (int i = 0; i < options.maps; ++i) {
    const perf::Integers results = co_await pool.template map<perf::increment>(std::span(items));
    if (results.size() != items.size() || results.back() != items.back() + 1) {
      throw std::runtime_error("map returned something else");
    }
  }
  const auto count = static_cast<double>(options.items) * options.maps;
  perf::print({.workload = "map",
               .subject = "phial",
               .value = count / stopwatch.seconds(),
               .unit = "items/s",
               .also = {{"jobs", count},
                        {"workers", static_cast<double>(options.workers)},
                        {"heartbeatP99Ms", heartbeat->delaysMs().p99()}}});
  heartbeat.reset();
  co_await pool.stop();
  co_return 0;
}

template <class Pool>
int measure(const Options& options) {
  if constexpr (HasMap<Pool>) {
    phial::Reactor reactor;
    return phial::react(reactor, "phial_perf_map", run<Pool>(reactor, options));
  } else {
    perf::printUnavailable("map", "phial", "there is no ProcessPool::map yet");
    return 0;
  }
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  return measure<phial::ProcessPool>(parseOptions(argc, argv));
}
