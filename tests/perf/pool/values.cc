// Values that are not flat, to a worker or from one, one call at a time: a vector of strings, a map
// of strings, a struct of vectors of strings.
//
// The value of a sample is how long a call takes. What matters beside it is the loop's heartbeat:
// such a value is written, read and freed by another thread than the loop's. An argument is given
// away, since the call would copy one that stays the caller's; it is made between two calls, while
// no heartbeat is taken.
#include <phial/master.h>
#include <phial/worker.h>

#include <cstddef>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/perf/common/command_line.h"
#include "tests/perf/common/heartbeat.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/samples.h"
#include "tests/perf/common/stopwatch.h"

namespace perf {

using Strings = std::vector<std::string>;
using Map = std::map<std::string, std::string>;
struct Struct {
  Strings first;
  Strings second;
};

/// Too long for a string to hold without memory of its own.
std::string text(std::size_t number) { return "text number " + std::to_string(1'000'000 + number); }

template <class T>
T make(std::size_t strings);

template <>
Strings make<Strings>(std::size_t strings) {
  Strings made;
  made.reserve(strings);
  for (std::size_t i = 0; i < strings; ++i) made.push_back(text(i));
  return made;
}
template <>
Map make<Map>(std::size_t strings) {
  Map made;
  for (std::size_t i = 0; i < strings; ++i) made.emplace_hint(made.end(), text(i), std::string());
  return made;
}
template <>
Struct make<Struct>(std::size_t strings) {
  return {make<Strings>(strings / 2), make<Strings>(strings - strings / 2)};
}

std::size_t count(const Strings& value) { return value.size(); }
std::size_t count(const Map& value) { return value.size(); }
std::size_t count(const Struct& value) { return value.first.size() + value.second.size(); }

template <class T>
std::size_t take(const T& value) {
  return count(value);
}
/// The same one each time.
template <class T>
T give(std::size_t strings) {
  static const T made = make<T>(strings);
  return made;
}

}  // namespace perf

namespace {

struct Options {
  std::string direction = "in";
  std::string shape = "strings";
  int calls = 10;
  std::size_t strings = 1'000'000;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures jobs whose argument or result holds many strings.", "phial_perf_values");
  app.add_option("--direction", options.direction, "in: the argument; out: the result")
      ->check(CLI::IsMember({"in", "out"}))
      ->capture_default_str();
  app.add_option("--shape", options.shape, "What holds the strings")
      ->check(CLI::IsMember({"strings", "map", "struct"}))
      ->capture_default_str();
  perf::addCount(app, "calls", options.calls, "Calls, after one to warm up");
  perf::addCount(app, "strings", options.strings, "Strings in each");
  perf::parseOrExit(app, argc, argv);
  return options;
}

template <class T>
phial::Deferred<std::size_t> call(phial::ProcessPool& pool, const Options& options,
                                  std::optional<T> argument) {
  if (argument) return pool.deferToProcess<perf::take<T>>(std::move(*argument));
  return pool.deferToProcess<perf::give<T>>(options.strings).addCallback([](const T& result) {
    return perf::count(result);
  });
}

template <class T>
phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::ProcessPool pool(reactor, {.name = "values", .min = 1, .max = 1});
  co_await pool.start();
  perf::Samples callMs;
  perf::Samples loopMs;
  for (int i = 0; i <= options.calls; ++i) {
    std::optional<T> argument;
    if (options.direction == "in") argument = perf::make<T>(options.strings);
    // The loop has been held up by that: from here on it need not be.
    co_await phial::deferLater(reactor, perf::Heartbeat::kInterval, [] {});
    perf::Heartbeat heartbeat(reactor);
    const perf::Stopwatch watch;
    auto pending = call<T>(pool, options, std::move(argument));
    const std::size_t counted = co_await std::move(pending);
    const double took = watch.milliseconds();
    if (counted != options.strings) throw std::runtime_error("strings are missing");
    // What is left of the argument or the result has gone by then.
    co_await phial::deferLater(reactor, perf::Heartbeat::kInterval, [] {});
    if (i == 0) continue;
    callMs.add(took);
    loopMs.add(heartbeat.delaysMs());
  }
  co_await pool.stop();
  perf::print({.workload = "values-" + options.direction,
               .subject = "phial, " + options.shape,
               .value = callMs.median(),
               .unit = "ms",
               .also = {{"worstMs", callMs.worst()},
                        {"heartbeatP99Ms", loopMs.p99()},
                        {"heartbeatWorstMs", loopMs.worst()}}});
  co_return 0;
}

phial::Deferred<int> run(phial::Reactor& reactor, const Options& options) {
  if (options.shape == "map") return run<perf::Map>(reactor, options);
  if (options.shape == "struct") return run<perf::Struct>(reactor, options);
  return run<perf::Strings>(reactor, options);
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_values", run(reactor, options));
}
