// The floor of moving 64 MiB: one copy, from warm memory to warm memory.
#include <cstddef>
#include <cstring>
#include <vector>

#include "tests/perf/common/command_line.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/samples.h"
#include "tests/perf/common/stopwatch.h"

namespace {

struct Options {
  std::string workload = "bytes-in";
  int calls = 16;
  std::size_t bytes = std::size_t{64} << 20;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures a copy within this process.", "phial_perf_memcpy");
  app.add_option("--workload", options.workload, "The one that this is the floor of")
      ->check(CLI::IsMember({"bytes-in", "bytes-out", "bytes-both"}))
      ->capture_default_str();
  perf::addCount(app, "calls", options.calls, "Copies");
  perf::addCount(app, "bytes", options.bytes, "Bytes in each");
  perf::parseOrExit(app, argc, argv);
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parseOptions(argc, argv);
  const std::vector<std::byte> from(options.bytes, std::byte{1});
  std::vector<std::byte> to(options.bytes, std::byte{2});
  perf::Samples samples;
  for (int i = 0; i < options.calls; ++i) {
    const perf::Stopwatch stopwatch;
    std::memcpy(to.data(), from.data(), options.bytes);
    // Else nobody reads what was copied, and it need not be.
    asm volatile("" : : "r"(to.data()) : "memory");
    samples.add(stopwatch.milliseconds());
  }
  perf::print({.workload = options.workload,
               .subject = "memcpy",
               .value = samples.median(),
               .unit = "ms",
               .also = {{"jobs", options.calls}, {"worstMs", samples.worst()}}});
}
