// 64 MiB to a worker, from a worker, or both ways, one call at a time.
//
// The caller keeps what it sends, in one of two ways. A vector that stays its own is copied by the
// call, before it returns: what comes after that is the pool's. One that it shares with the job, by
// std::shared_ptr, is copied once, into the memory between the processes, while the loop goes on.
// The function takes a std::span, which is read where it lies, or a const std::vector&, which the
// worker has to make. What is returned is a span of memory that the worker keeps.
#include <phial/master.h>
#include <phial/worker.h>

#include <cstddef>
#include <cstdint>
#include <memory>
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

std::uint64_t takeVector(const Bytes& data) { return take(data); }

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
  std::string argument = "copied";
  std::string parameter = "span";
  int calls = 16;
  std::size_t bytes = std::size_t{64} << 20;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures jobs with a large argument, a large result, or both.", "phial_perf_bytes");
  app.add_option("--direction", options.direction, "in: the argument; out: the result; both")
      ->check(CLI::IsMember({"in", "out", "both"}))
      ->capture_default_str();
  app.add_option("--argument", options.argument, "How it is passed: copied by the call, or shared")
      ->check(CLI::IsMember({"copied", "shared"}))
      ->capture_default_str();
  app.add_option("--parameter", options.parameter, "What the function of direction `in` takes")
      ->check(CLI::IsMember({"span", "vector"}))
      ->capture_default_str();
  perf::addCount(app, "calls", options.calls, "Calls, after three to warm up");
  perf::addCount(app, "bytes", options.bytes, "Bytes in each");
  perf::parseOrExit(app, argc, argv);
  return options;
}

// With the bytes themselves, or a pointer to them.
template <class Argument>
phial::Deferred<std::uint64_t> callWith(phial::ProcessPool& pool, const Options& options,
                                        const Argument& data) {
  const auto size = [](const perf::Bytes& result) -> std::uint64_t { return result.size(); };
  if (options.direction == "both") return pool.deferToProcess<perf::echo>(data).addCallback(size);
  if (options.parameter == "vector") return pool.deferToProcess<perf::takeVector>(data);
  return pool.deferToProcess<perf::take>(data);
}

phial::Deferred<std::uint64_t> callOnce(phial::ProcessPool& pool, const Options& options,
                                        const std::shared_ptr<const perf::Bytes>& data) {
  if (options.direction == "out") {
    return pool.deferToProcess<perf::give>(options.bytes)
        .addCallback([](const perf::Bytes& result) { return std::uint64_t{result.size()}; });
  }
  return options.argument == "shared" ? callWith(pool, options, data)
                                      : callWith(pool, options, *data);
}

std::string subjectOf(const Options& options) {
  std::string subject = "phial";
  if (options.argument == "shared") subject += ", shared";
  if (options.parameter == "vector") subject += ", const vector&";
  return subject;
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::ProcessPool pool(reactor, {.name = "bytes", .min = 1, .max = 1});
  co_await pool.start();
  const auto data = std::make_shared<const perf::Bytes>(options.bytes, std::byte{1});
  for (int i = 0; i < kWarmUp; ++i) co_await callOnce(pool, options, data);
  perf::Samples samples;
  std::optional<perf::Heartbeat> heartbeat(std::in_place, reactor);
  for (int i = 0; i < options.calls; ++i) {
    const perf::Stopwatch stopwatch;
    const auto size = co_await callOnce(pool, options, data);
    samples.add(stopwatch.milliseconds());
    if (size != options.bytes) throw std::runtime_error("the size is another one");
  }
  perf::print({.workload = "bytes-" + options.direction,
               .subject = subjectOf(options),
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
