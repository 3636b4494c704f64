// 64 MiB to a worker, from a worker, or both ways, one call at a time.
//
// The caller keeps its own copy: what is sent is a span of memory that stays, what is returned is a
// span of memory that the worker keeps.
#include <phial/master.h>
#include <phial/worker.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/perf/common/command_line.h"
#include "tests/perf/common/heartbeat.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/samples.h"
#include "tests/perf/common/stopwatch.h"

namespace perf {

using Bytes = std::vector<std::byte>;
using ConstBytes = std::span<const std::byte>;

/// Looks at both ends.
std::uint64_t take(ConstBytes data) {
  return data.size() + std::to_integer<std::uint64_t>(data.front() ^ data.back());
}

/// The same memory each time.
ConstBytes give(std::uint64_t size) {
  static Bytes data;
  if (data.size() != size) data.assign(size, std::byte{1});
  return data;
}

Bytes echo(Bytes data) { return data; }

}  // namespace perf

namespace {

constexpr int kWarmUp = 3;

struct Options {
  std::string direction = "in";
  int calls = 16;
  std::size_t bytes = std::size_t{64} << 20;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures jobs with a large argument, a large result, or both.", "phial_perf_bytes");
  app.add_option("--direction", options.direction, "in: the argument; out: the result; both")
      ->check(CLI::IsMember({"in", "out", "both"}))
      ->capture_default_str();
  perf::addCount(app, "calls", options.calls, "Calls, after three to warm up");
  perf::addCount(app, "bytes", options.bytes, "Bytes in each");
  perf::parseOrExit(app, argc, argv);
  return options;
}

phial::Deferred<std::size_t> callOnce(phial::ProcessPool& pool, const std::string& direction,
                                      perf::ConstBytes data) {
  if (direction == "in") co_return co_await pool.deferToProcess<perf::take>(data);
  if (direction == "out") {
    co_return (co_await pool.deferToProcess<perf::give>(data.size())).size();
  }
  co_return (co_await pool.deferToProcess<perf::echo>(data)).size();
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::ProcessPool pool(reactor, {.name = "bytes", .min = 1, .max = 1});
  co_await pool.start();
  const perf::Bytes data(options.bytes, std::byte{1});
  for (int i = 0; i < kWarmUp; ++i) co_await callOnce(pool, options.direction, data);
  perf::Samples samples;
  std::optional<perf::Heartbeat> heartbeat(std::in_place, reactor);
  for (int i = 0; i < options.calls; ++i) {
    const perf::Stopwatch stopwatch;
    const std::size_t size = co_await callOnce(pool, options.direction, data);
    samples.add(stopwatch.milliseconds());
    if (size != options.bytes) throw std::runtime_error("the size is another one");
  }
  perf::print({.workload = "bytes-" + options.direction,
               .subject = "phial",
               .value = samples.median(),
               .unit = "ms",
               .also = {{"worstMs", samples.worst()},
                        {"jobs", options.calls},
                        {"heartbeatP99Ms", heartbeat->delaysMs().p99()}}});
  heartbeat.reset();
  co_await pool.stop();
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_bytes", run(reactor, options));
}
