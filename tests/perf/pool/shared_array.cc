// Passing memory that processes share, from 1 KiB to 1 GiB, against a job that does nothing: what
// SharedArray promises is that all of these cost the same. One at a time, through one worker.
#include <phial/master.h>
#include <phial/protocol/shared_array.h>
#include <phial/worker.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "tests/perf/common/burst.h"
#include "tests/perf/common/command_line.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/samples.h"
#include "tests/perf/common/stopwatch.h"

namespace {

constexpr const char* kWorkload = "shared-array";

struct Options {
  int calls = 1000;
  std::uint64_t mostMib = 1024;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures jobs whose argument or result is a SharedArray.",
               "phial_perf_shared_array");
  perf::addCount(app, "calls", options.calls, "Calls with each size, after some to warm up");
  perf::addCount(app, "most-mib", options.mostMib, "The largest array");
  perf::parseOrExit(app, argc, argv);
  return options;
}

}  // namespace

namespace perf {

using SharedBytes = phial::SharedArray<std::uint8_t>;

/// Looks at both ends.
std::uint64_t takeShared(const SharedBytes& data) { return data[0] + data[data.size() - 1]; }

/// The same array each time.
SharedBytes giveShared(std::uint64_t size) {
  static SharedBytes data;
  if (data.size() != size) {
    data = SharedBytes(size);
    std::ranges::fill(data.writable(), std::uint8_t{1});
  }
  return data;
}

}  // namespace perf

namespace {

constexpr int kWarmUp = 100;

struct Size {
  const char* name;
  std::uint64_t bytes;
};
constexpr Size kSizes[] = {{"1 KiB", 1 << 10},
                           {"1 MiB", 1 << 20},
                           {"64 MiB", std::uint64_t{64} << 20},
                           {"1 GiB", std::uint64_t{1} << 30}};

void print(const std::string& subject, const perf::Samples& samples) {
  perf::print({.workload = kWorkload,
               .subject = subject,
               .value = samples.median(),
               .unit = "us",
               .also = {{"p99Us", samples.p99()}, {"jobs", static_cast<double>(samples.size())}}});
}

// `call` makes a Deferred.
template <class Call>
phial::Deferred<perf::Samples> measure(int calls, Call call) {
  perf::Samples samples;
  for (int i = -kWarmUp; i < calls; ++i) {
    const perf::Stopwatch stopwatch;
    co_await call();
    if (i >= 0) samples.add(stopwatch.microseconds());
  }
  co_return samples;
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::ProcessPool pool(reactor, {.name = "shared", .min = 1, .max = 1});
  co_await pool.start();
  print("phial, no-op",
        co_await measure(options.calls, [&] { return pool.deferToProcess<perf::noOp>(); }));
  for (const Size& size : kSizes) {
    if (size.bytes > options.mostMib << 20) break;
    perf::SharedBytes array(size.bytes);
    std::ranges::fill(array.writable(), std::uint8_t{1});
    print(std::string("phial, ") + size.name, co_await measure(options.calls, [&] {
            return pool.deferToProcess<perf::takeShared>(array);
          }));
  }
  const std::uint64_t bytes = std::min<std::uint64_t>(64, options.mostMib) << 20;
  print("phial, " + std::to_string(bytes >> 20) + " MiB back", co_await measure(options.calls, [&] {
          return pool.deferToProcess<perf::giveShared>(bytes).addCallback(perf::takeShared);
        }));
  co_await pool.stop();
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_shared_array", run(reactor, options));
}
