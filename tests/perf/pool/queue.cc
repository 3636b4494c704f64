// Does a job cost more when many are waiting?
//
// A queue is filled to a depth and kept there: each result submits one more job. Measured is the
// time from one result to the next meanwhile; neither the filling nor the end.
#include <phial/master.h>
#include <phial/worker.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tests/perf/common/burst.h"
#include "tests/perf/common/command_line.h"
#include "tests/perf/common/heartbeat.h"
#include "tests/perf/common/processor_time.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/stopwatch.h"

namespace {

constexpr phial::Duration kSlice = std::chrono::milliseconds(1);

struct Options {
  std::size_t depth = 1000;
  std::size_t jobs = 200'000;
  std::size_t workers = 0;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures what a job that does nothing costs while a number of others is queued.",
               "phial_perf_queue");
  perf::addCount(app, "depth", options.depth, "Jobs that are queued or running all the time");
  perf::addCount(app, "jobs", options.jobs, "Jobs that are measured");
  perf::addWorkers(app, options.workers);
  perf::parseOrExit(app, argc, argv);
  return options;
}

struct Cost {
  double seconds;
  double processorSeconds;
  double heartbeatP99Ms;
};

// Fills the queue in slices of 1 ms, then measures. Fires once, with the failure of the first job
// that fails before that. Kept alive by the jobs.
class StandingQueue : public std::enable_shared_from_this<StandingQueue> {
 public:
  StandingQueue(phial::Reactor& reactor, phial::ProcessPool& pool, const Options& options)
      : reactor_(reactor), pool_(pool), options_(options) {}

  phial::Deferred<Cost> start() {
    auto [deferred, resolver] = phial::newDeferred<Cost>();
    resolver_.emplace(std::move(resolver));
    fill();
    return std::move(deferred);
  }

 private:
  void fill() {
    const auto begin = reactor_.now();
    while (outstanding_ < options_.depth && reactor_.now() - begin < kSlice) submit();
    if (outstanding_ < options_.depth) {
      reactor_.callLater(phial::Duration::zero(), [self = shared_from_this()] { self->fill(); });
    } else {
      heartbeat_.emplace(reactor_);
      processorSecondsBefore_ = perf::processorSeconds();
      stopwatch_.emplace();
    }
  }

  void submit() {
    ++outstanding_;
    pool_.deferToProcess<perf::noOp>().addCallbacks(
        [self = shared_from_this()] { self->onDone(); },
        [self = shared_from_this()](const phial::Failure& failure) { self->onFailed(failure); });
  }

  void onDone() {
    --outstanding_;
    if (!stopwatch_ || !resolver_) return;
    if (++done_ < options_.jobs) return submit();
    const Cost cost{stopwatch_->seconds(), perf::processorSeconds() - processorSecondsBefore_,
                    heartbeat_->delaysMs().p99()};
    heartbeat_.reset();
    std::exchange(resolver_, std::nullopt)->callback(cost);
  }

  void onFailed(const phial::Failure& failure) {
    if (resolver_) std::exchange(resolver_, std::nullopt)->errback(failure);
  }

  phial::Reactor& reactor_;
  phial::ProcessPool& pool_;
  const Options options_;
  std::size_t outstanding_ = 0;
  std::size_t done_ = 0;
  double processorSecondsBefore_ = 0;
  std::optional<perf::Heartbeat> heartbeat_;
  std::optional<perf::Stopwatch> stopwatch_;
  std::optional<phial::Resolver<Cost>> resolver_;
};

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::ProcessPool pool(reactor,
                          {.name = "queue", .min = options.workers, .max = options.workers});
  co_await pool.start();
  const Cost cost = co_await std::make_shared<StandingQueue>(reactor, pool, options)->start();
  const auto jobs = static_cast<double>(options.jobs);
  perf::print({.workload = "queue",
               .subject = "phial, " + std::to_string(options.depth) + " queued",
               .value = cost.seconds / jobs * 1e6,
               .unit = "us/job",
               .also = {{"jobs", jobs},
                        {"masterProcessorUs", cost.processorSeconds / jobs * 1e6},
                        {"heartbeatP99Ms", cost.heartbeatP99Ms}}});
  co_await pool.stop();
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_queue", run(reactor, options));
}
