// Calls of a method that does nothing, through client<I>: one at a time, or some in flight.
#include <phial/master.h>
#include <phial/master/client.h>
#include <phial/worker.h>
#include <phial/worker/interface.h>

#include <string>
#include <vector>

#include "tests/perf/common/command_line.h"
#include "tests/perf/common/heartbeat.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/stopwatch.h"
#include "tests/perf/floors/no_op.capnp.h"

namespace {

constexpr int kWarmUp = 200;

struct Options {
  int calls = 5000;
  int inFlight = 1;
  int workers = 1;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures calls of an interface that do nothing, through a pool.",
               "phial_perf_interface");
  perf::addCount(app, "calls", options.calls, "Calls");
  perf::addCount(app, "in-flight", options.inFlight, "Calls that are under way at a time");
  perf::addCount(app, "workers", options.workers, "Workers");
  perf::parseOrExit(app, argc, argv);
  return options;
}

class Server final : public perf::NoOp::Server {
  kj::Promise<void> call(CallContext) override { return kj::READY_NOW; }
};

// Keeps one of the calls in flight going until all have been made.
kj::Promise<void> callOn(perf::NoOp::Client& client, int& left) {
  if (left-- <= 0) return kj::READY_NOW;
  return client.callRequest().send().then([&](auto&&) { return callOn(client, left); });
}

kj::Promise<void> callAll(perf::NoOp::Client& client, int& left, int inFlight) {
  auto all = kj::heapArrayBuilder<kj::Promise<void>>(static_cast<std::size_t>(inFlight));
  for (int i = 0; i < inFlight; ++i) all.add(callOn(client, left));
  return kj::joinPromises(all.finish());
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  const auto workers = static_cast<std::size_t>(options.workers);
  phial::PoolOptions poolOptions{.name = "interface", .min = workers, .max = workers};
  phial::ProcessPool pool(reactor, std::move(poolOptions));
  co_await pool.start();
  auto client = phial::client<perf::NoOp>(pool);
  int left = kWarmUp;
  co_await phial::fromPromise(callAll(client, left, options.inFlight));
  double seconds = 0;
  {
    perf::Heartbeat heartbeat(reactor);
    const perf::Stopwatch stopwatch;
    left = options.calls;
    co_await phial::fromPromise(callAll(client, left, options.inFlight));
    seconds = stopwatch.seconds();
    const std::string setup =
        options.inFlight == 1 ? "one at a time" : std::to_string(options.inFlight) + " in flight";
    perf::print(
        {.workload = "interface",
         .subject = "phial, " + setup,
         .value = seconds * 1e6 / options.calls,
         .unit = "us/call",
         .also = {{"jobs", options.calls}, {"heartbeatP99Ms", heartbeat.delaysMs().p99()}}});
  }
  co_await pool.stop();
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (phial::isWorker()) {
    phial::Worker worker;
    phial::exportInterface(worker, kj::heap<Server>());
    return worker.serve(argc, argv);
  }
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_interface", run(reactor, options));
}
