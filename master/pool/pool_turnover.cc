// Replacing workers that still serve: after their number of jobs, for their memory, for reload().
//
// A worker that is to go is put among the departures. From then on it does not count as one of
// those that the pool wants, so that fill() starts another; when that is ready, letGo() finds one
// too many and retires it.
#include <phial/master/errors.h>
#include <phial/protocol/saturating_time.h>

#include <algorithm>
#include <utility>

#include "master/pool/pool_core.h"
#include "master/supervision/this_program.h"

namespace phial::detail {
namespace {

// Below it a worker serves exactly its number of jobs.
constexpr std::size_t kLeastSpreadQuota = 16;

}  // namespace

// How many jobs it serves: no two need be the same, but a worker's own number never changes.
std::size_t PoolCore::quotaOf(const WorkerProcess& worker) const {
  const std::size_t most = options_.recycleAfter;
  if (most < kLeastSpreadQuota) return most;
  std::mt19937_64 ofThisWorker(spreadSeed_ + worker.number());
  return most - ofThisWorker() % (most / 8 + 1);
}

// The replacement of a worker that has just been given its last job starts now.
void PoolCore::noteDispatch(WorkerProcess& worker) {
  if (options_.recycleAfter == 0 || jobsLeft(worker) > 0) return;
  // When no replacement can be started soon, it goes on.
  const bool soon =
      restart_.nextStart() <= saturatingAdd(clock_.now(), options_.restart.longestCrashPause);
  leaving_.add(worker, soon ? Departures::Service::over : Departures::Service::goesOn);
}

void PoolCore::noteMemory(WorkerProcess& worker) {
  if (options_.recycleAboveRssBytes == 0 || leaving_.contains(worker)) return;
  const auto resident = worker.residentBytes();
  if (resident <= options_.recycleAboveRssBytes) return;  // nothing is less than any number
  say(LogLevel::debug, worker.number(),
      "has " + std::to_string(*resident) + " bytes resident and is replaced");
  leaving_.add(worker, Departures::Service::goesOn);
}

// Workers above `max` that are ready before those go whom they replace do not add to the work that
// is done at once.
bool PoolCore::tooManyBusy() const {
  return !leaving_.empty() && workers_.count(WorkerState::busy) >= options_.max;
}

// Retires those whose replacements are ready, and those whom nobody needs replaced.
void PoolCore::letGo() {
  const auto ready = [this] {
    return workers_.count(WorkerState::idle) + workers_.count(WorkerState::busy) -
           leaving_.count(WorkerState::idle) - leaving_.count(WorkerState::busy);
  };
  while (WorkerProcess* worker = leaving_.firstToGo()) {
    const std::size_t want = wanted();
    const std::size_t missing = want - std::min(want, ready());
    if (leaving_.active() <= missing) return;
    leaving_.remove(*worker);
    worker->retire(DeathCause::recycle);
  }
}

// There will be no replacements for now.
void PoolCore::keepServing() {
  for (WorkerProcess* worker : leaving_.resumeService()) {
    workers_.becameIdle(*worker, clock_.now());
  }
}

Deferred<void> PoolCore::reload() {
  auto [deferred, resolver] = newDeferred<void>();
  if (stopping_) {
    resolver.errback(Failure(PoolStopped("pool " + options_.name + " has been stopped")));
    return std::move(deferred);
  }
  say(LogLevel::info, 0, "reloading " + std::to_string(workers_.active()) + " workers");
  if (runsOwnProgram_) options_.worker = commandByPath();
  if (!reload_) reload_.emplace();
  reload_->lastOld = lastWorker_;
  reload_->size = std::min(options_.max, workers_.active());
  reload_->waiters.push_back(std::move(resolver));
  for (const auto& worker : workers_.all()) {
    if (worker->state() == WorkerState::ending) continue;
    leaving_.add(*worker, Departures::Service::goesOn);
  }
  proceedSoon();
  return std::move(deferred);
}

void PoolCore::advanceReload() {
  if (!reload_) return;
  const std::size_t ready = workers_.count(WorkerState::idle) + workers_.count(WorkerState::busy);
  const bool oldLeft = !workers_.empty() && workers_.all().front()->number() <= reload_->lastOld;
  if (oldLeft || ready < std::min(options_.max, reload_->size)) return;
  say(LogLevel::info, 0, "reloaded");
  auto done = std::move(*reload_);
  reload_.reset();
  for (auto& waiter : done.waiters) settlements_.succeed(std::move(waiter));
}

// The old ones stay.
void PoolCore::failReload(const Failure& failure) {
  if (!reload_) return;
  if (runsOwnProgram_) options_.worker.clear();
  auto failed = std::move(*reload_);
  reload_.reset();
  keepServing();
  for (const auto& worker : workers_.all()) {
    // Those that had served their number, or grown, are found again after their next job.
    if (worker->number() <= failed.lastOld) leaving_.remove(*worker);
  }
  for (auto& waiter : failed.waiters) settlements_.fail(std::move(waiter), failure);
}

}  // namespace phial::detail
