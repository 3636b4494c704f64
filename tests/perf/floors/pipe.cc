// The floor of a job that does nothing, one at a time: a byte to another process and back through
// blocking pipes. Neither process is pinned, as no worker is.
#include <sched.h>

#include "tests/perf/common/command_line.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/samples.h"
#include "tests/perf/common/stopwatch.h"
#include "tests/perf/floors/ping_pong.h"

namespace {

constexpr int kWarmUp = 200;

int parseRoundTrips(int argc, char** argv) {
  int roundTrips = 5000;
  CLI::App app("Measures blocking round trips of a byte between two processes.", "phial_perf_pipe");
  perf::addCount(app, "round-trips", roundTrips, "Round trips");
  perf::parseOrExit(app, argc, argv);
  return roundTrips;
}

}  // namespace

int main(int argc, char** argv) {
  const int roundTrips = parseRoundTrips(argc, argv);
  perf::PingPong pingPong;
  for (int i = 0; i < kWarmUp; ++i) pingPong.roundTrip();
  perf::Samples samples;
  samples.reserve(static_cast<std::size_t>(roundTrips));
  int sameCore = 0;
  for (int i = 0; i < roundTrips; ++i) {
    const perf::Stopwatch stopwatch;
    const auto core = pingPong.roundTrip();
    samples.add(stopwatch.microseconds());
    if (core == static_cast<unsigned char>(::sched_getcpu())) ++sameCore;
  }
  perf::print({.workload = "latency",
               .subject = "raw pipe",
               .value = samples.median(),
               .unit = "us",
               .also = {{"p99Us", samples.p99()},
                        {"jobs", roundTrips},
                        {"sameCore", static_cast<double>(sameCore) / roundTrips}}});
}
