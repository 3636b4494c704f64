// A job that does nothing, one at a time, on Phial's own loop and on each loop that holds a
// Reactor. The loops take turns, so that what else the machine does meets all of them.
#include <phial/asio.h>
#include <phial/master.h>
#include <phial/worker.h>

#include <boost/asio/io_context.hpp>
#ifdef PHIAL_WITH_GLIB
#include <phial/glib.h>
#endif
#ifdef PHIAL_WITH_UV
#include <phial/uv.h>
#endif
#ifdef PHIAL_WITH_QT
#include <phial/qt.h>
#endif
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "tests/perf/common/burst.h"
#include "tests/perf/common/command_line.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/samples.h"
#include "tests/perf/common/stopwatch.h"

namespace {

constexpr int kWarmUp = 20;  // a round's first calls, unmeasured

struct Round {
  phial::ProcessPool& pool;
  int left;
  perf::Samples& samples;
};

/// Calls call(next) again and again until the round is over, then end().
void chain(Round round, std::function<void(std::function<void()>)> call,
           std::function<void()> end) {
  auto state = std::make_shared<Round>(round);
  auto next = std::make_shared<std::function<void()>>();
  *next = [state, call = std::move(call), end = std::move(end), next, warm = kWarmUp]() mutable {
    const perf::Stopwatch stopwatch;
    call([&warm, state, stopwatch, end, next] {
      if (warm-- <= 0) {
        state->samples.add(stopwatch.microseconds());
        if (--state->left == 0) return end();
      }
      (*next)();
    });
  };
  (*next)();
}

void native(phial::Reactor& reactor, Round round) {
  chain(
      round,
      [&](std::function<void()> done) {
        round.pool.deferToProcess<perf::noOp>().addBoth([done](auto&&) { done(); });
      },
      [&] { reactor.stop(); });
  reactor.run();
}

void onAsio(phial::Reactor& reactor, Round round) {
  boost::asio::io_context context(1);
  phial::asio::Loop loop(context, reactor);
  chain(
      round,
      [&](std::function<void()> done) {
        phial::asio::run<perf::noOp>(round.pool, std::tuple(), [done](auto&&) { done(); });
      },
      [&] { context.stop(); });
  context.run();
}

#ifdef PHIAL_WITH_GLIB
void onGlib(phial::Reactor& reactor, Round round) {
  phial::glib::Loop loop(nullptr, reactor);
  bool over = false;
  chain(
      round,
      [&](std::function<void()> done) {
        phial::glib::run<perf::noOp>(round.pool, std::tuple(), nullptr, [done](auto&&) { done(); });
      },
      [&] { over = true; });
  while (!over) g_main_context_iteration(nullptr, TRUE);
}
#endif

#ifdef PHIAL_WITH_UV
void onUv(phial::Reactor& reactor, Round round) {
  uv_loop_t loop;
  uv_loop_init(&loop);
  {
    phial::uv::Loop holder(&loop, reactor);
    chain(
        round,
        [&](std::function<void()> done) {
          phial::uv::run<perf::noOp>(round.pool, std::tuple(), [done](auto&&) { done(); });
        },
        [&] { uv_stop(&loop); });
    uv_run(&loop, UV_RUN_DEFAULT);
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
}
#endif

#ifdef PHIAL_WITH_QT
void onQt(phial::Reactor& reactor, Round round) {
  phial::qt::Loop loop(reactor);
  QEventLoop events;
  chain(
      round,
      [&](std::function<void()> done) {
        phial::qt::run<perf::noOp>(round.pool).then(&events, std::move(done));
      },
      [&] { events.quit(); });
  events.exec();
}
#endif

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  int rounds = 10;
  int roundTrips = 300;
  std::string only;
  CLI::App app("Measures lone jobs on Phial's own loop and on others.", "phial_perf_loops");
  perf::addCount(app, "rounds", rounds, "Times that each loop has its turn");
  perf::addCount(app, "round-trips", roundTrips, "Jobs in a turn");
  app.add_option("--only", only, "One loop, such as qt, for a profiler");
  perf::parseOrExit(app, argc, argv);
#ifdef PHIAL_WITH_QT
  QCoreApplication application(argc, argv);
#endif
  const std::pair<const char*, void (*)(phial::Reactor&, Round)> loops[] = {
      {"native", native}, {"asio", onAsio},
#ifdef PHIAL_WITH_GLIB
      {"glib", onGlib},
#endif
#ifdef PHIAL_WITH_UV
      {"uv", onUv},
#endif
#ifdef PHIAL_WITH_QT
      {"qt", onQt},
#endif
  };
  phial::Reactor reactor;
  phial::ProcessPool pool(reactor, {.name = "loops", .min = 1, .max = 1});
  std::map<std::string, perf::Samples> samples;
  for (int i = 0; i < rounds; ++i) {
    for (const auto& [name, run] : loops) {
      if (only.empty() || only == name) run(reactor, {pool, roundTrips, samples[name]});
    }
  }
  for (const auto& [name, run] : loops) {
    if (samples[name].size() == 0) continue;
    perf::print({.workload = "loops",
                 .subject = name,
                 .value = samples[name].median(),
                 .unit = "us",
                 .also = {{"p99Us", samples[name].p99()},
                          {"ratio", samples[name].median() / samples["native"].median()}}});
  }
}
