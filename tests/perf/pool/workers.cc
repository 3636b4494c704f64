// Does a pool of many workers still keep all of them at work, and what does each job cost its
// master?
//
// All jobs are submitted as a program with a loop may do it, about 1 ms of submissions in a turn,
// and then waited for. Before the clock starts, the workers are ready and as many jobs have run as
// there are workers. There is no heartbeat: on few workers it would cost the loop as much as the
// jobs do.
#include <phial/master.h>
#include <phial/worker.h>

#include <chrono>
#include <vector>

#include "tests/perf/common/sleep_load.h"
#include "tests/perf/common/work.h"

namespace {

constexpr const char* kContestant = "phial";
constexpr std::size_t kDescriptorsPerWorker = 8;
constexpr phial::Duration kSlice = std::chrono::milliseconds(1);

phial::Deferred<void> runJobs(phial::Reactor& reactor, phial::ProcessPool& pool, std::size_t jobs,
                              std::chrono::microseconds time) {
  std::vector<phial::Deferred<void>> pending;
  pending.reserve(jobs);
  auto sliceBegin = reactor.now();
  while (pending.size() < jobs) {
    pending.push_back(pool.deferToProcess<perf::nap>(time));
    if (reactor.now() - sliceBegin < kSlice) continue;
    co_await phial::deferLater(reactor, phial::Duration::zero(), [] {});
    sliceBegin = reactor.now();
  }
  co_await phial::gatherResults(std::move(pending));
}

phial::Deferred<int> run(phial::Reactor& reactor, perf::SleepLoad load) {
  phial::ProcessPool pool(reactor, {.name = "workers", .min = load.workers, .max = load.workers});
  co_await pool.start();
  co_await runJobs(reactor, pool, load.workers, load.job);
  const perf::LoadMeter meter(load);
  co_await runJobs(reactor, pool, load.jobs, load.job);
  meter.print(kContestant);
  co_await pool.stop();
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const auto load = perf::parseSleepLoad(argc, argv, "phial_perf_workers",
                                         "Measures jobs that sleep on a pool of many workers.");
  if (!perf::haveDescriptors(kContestant, load, kDescriptorsPerWorker * load.workers)) return 0;
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_workers", run(reactor, load));
}
