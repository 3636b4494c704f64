// A stream of small items, taken one by one; and how much memory a slow consumer costs, which a
// growing queue on either side would show.
#include <phial/master.h>
#include <phial/worker.h>

#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/perf/common/command_line.h"
#include "tests/perf/common/heartbeat.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/stopwatch.h"

namespace perf {

struct Point {
  std::int32_t x;
  double height;
  std::string name;
};

void integers(std::uint64_t items, phial::Emit<std::uint64_t> emit) {
  for (std::uint64_t i = 0; i < items; ++i) emit(i);
}

void points(std::uint64_t items, phial::Emit<Point> emit) {
  for (std::uint64_t i = 0; i < items; ++i) emit({static_cast<std::int32_t>(i), 0.5, "a name"});
}

}  // namespace perf

namespace {

enum class Shape { integers, structs, slow };

struct Options {
  std::uint64_t items = 5'000'000;
  Shape shape = Shape::integers;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures ProcessPool::stream.", "phial_perf_stream");
  perf::addCount(app, "items", options.items, "Items");
  app.add_option("--shape", options.shape, "Of what, or for whom")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Shape>{
          {"integers", Shape::integers}, {"structs", Shape::structs}, {"slow", Shape::slow}}));
  perf::parseOrExit(app, argc, argv);
  return options;
}

double residentMib(const std::string& process) {
  double pages = 0;
  std::ifstream("/proc/" + process + "/statm") >> pages >> pages;
  return pages * 4 / 1024;
}

template <auto function>
phial::Deferred<void> consume(phial::ProcessPool& pool, std::uint64_t items) {
  auto stream = pool.stream<function>(items);
  std::uint64_t taken = 0;
  while (co_await stream.next()) ++taken;
  if (taken != items) throw std::runtime_error("the stream has lost items");
}

// Gives the loop a turn after every hundredth item: the function is ahead all the time.
phial::Deferred<void> consumeSlowly(phial::Reactor& reactor, phial::ProcessPool& pool,
                                    std::uint64_t items) {
  auto stream = pool.stream<perf::integers>(items);
  for (std::uint64_t taken = 0; co_await stream.next(); ++taken) {
    if (taken % 100 == 0) co_await phial::deferLater(reactor, phial::Duration(), [] {});
  }
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::ProcessPool pool(reactor, {.name = "stream", .min = 1, .max = 1});
  co_await pool.start();
  co_await consume<perf::integers>(pool, 10'000);
  const std::string worker = std::to_string(pool.workers().front().pid);
  const double before = residentMib("self");
  const double workerBefore = residentMib(worker);
  std::optional<perf::Heartbeat> heartbeat(std::in_place, reactor);
  const perf::Stopwatch stopwatch;
  switch (options.shape) {
    case Shape::integers:
      co_await consume<perf::integers>(pool, options.items);
      break;
    case Shape::structs:
      co_await consume<perf::points>(pool, options.items);
      break;
    case Shape::slow:
      co_await consumeSlowly(reactor, pool, options.items);
      break;
  }
  const char* const subjects[] = {"phial", "phial, structs", "phial, slow consumer"};
  perf::print({.workload = "stream",
               .subject = subjects[static_cast<int>(options.shape)],
               .value = static_cast<double>(options.items) / stopwatch.seconds(),
               .unit = "items/s",
               .also = {{"items", static_cast<double>(options.items)},
                        {"masterGrownMib", residentMib("self") - before},
                        {"workerGrownMib", residentMib(worker) - workerBefore},
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
  return phial::react(reactor, "phial_perf_stream", run(reactor, options));
}
