// One long computation, four ways to do it in a program with an event loop.
//
// What to see: inline the loop hears nothing until the computation has ended. The other three leave
// it alone: in steps, where the computation shares the loop's thread; in a thread, where it shares
// the program's memory; in a worker process, where it shares nothing and may crash.
#include <phial/master.h>
#include <phial/worker.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <utility>

#include "common/heartbeat.h"
#include "count_primes.h"
#include "options.h"

namespace {

using Count = phial::Deferred<std::uint64_t>;

// The computation cut by hand: a step is short, and what it knows so far is kept between steps.
phial::Generator countInSteps(std::uint64_t limit, std::uint64_t& count) {
  constexpr std::uint64_t kStep = 1'000;
  for (std::uint64_t begin = 0; begin < limit; begin += kStep) {
    count += countPrimes(begin, std::min(begin + kStep, limit));
    co_yield {};  // the loop may have its turn
  }
}

Count cooperatively(phial::Reactor& reactor, std::uint64_t limit) {
  std::uint64_t count = 0;
  auto counting = phial::coiterate(reactor, countInSteps(limit, count));
  co_await std::move(counting);
  co_return count;
}

phial::Deferred<void> row(phial::Reactor& reactor, const char* way,
                          std::function<Count()> compute) {
  // The loop comes first, so that the heartbeat beats before the computation begins.
  co_await phial::deferLater(reactor, phial::Duration::zero(), [] {});
  const examples::Heartbeat heartbeat(reactor);
  const auto begin = reactor.now();
  const std::uint64_t count = co_await compute();
  const double ms = std::chrono::duration<double, std::milli>(reactor.now() - begin).count();
  const auto delays = heartbeat.delays();
  std::printf("%-12s %8.1f ms %6zu beats %9.2f ms %9.2f ms %9lu primes\n", way, ms,
              heartbeat.beats(), delays.medianMs, delays.worstMs, count);
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  const auto limit = options.limit;
  phial::ProcessPool pool(reactor, {.name = "chunking", .min = 1, .max = 1});
  co_await pool.start();
  std::printf("%-12s %11s %12s %12s %12s\n", "", "finished in", "heartbeat:", "median late",
              "worst");
  // Each function has a name, since g++ 12 must not see it made inside a co_await.
  const std::function<Count()> here = [&] { return phial::succeed(countPrimes(0, limit)); };
  const std::function<Count()> steps = [&] { return cooperatively(reactor, limit); };
  const std::function<Count()> thread = [&] {
    return phial::deferToThread(reactor, countPrimes, std::uint64_t{0}, limit);
  };
  const std::function<Count()> process = [&] { return pool.deferToProcess<countPrimes>(0, limit); };
  co_await row(reactor, "inline", here);
  co_await row(reactor, "cooperative", steps);
  co_await row(reactor, "thread", thread);
  co_await row(reactor, "process", process);
  co_await pool.stop();
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "chunking", run(reactor, options));
}
