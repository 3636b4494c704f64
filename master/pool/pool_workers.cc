// The workers' side of the pool: how many there are, and what becomes of each.
#include <phial/master/errors.h>
#include <spdlog/logger.h>

#include <algorithm>
#include <utility>

#include "master/pool/pool_core.h"

namespace phial::detail {

void PoolCore::workerReady(WorkerProcess& worker) {
  logger_->debug("pool {}: worker {} is ready", options_.name, worker.number());
  startupFailure_.reset();
  observeWorker(&PoolObserver::workerReady, worker);
  release(worker);
  proceed();
}

void PoolCore::workerAnswered(WorkerProcess& worker, schema::JobResult::Reader result) {
  // One that was there before says nothing of those that fail to start beside it.
  if (worker.number() > lastFailedStart_) restart_.served();
  // Absent when the job was cancelled or its deadline passed: nobody waits for this any more.
  const auto entry = entries_.find(result.getId());
  if (entry != entries_.end()) finishJob(entry, result);
  release(worker);
  proceed();
}

void PoolCore::workerPassed(WorkerProcess& worker) {
  release(worker);
  proceed();
}

void PoolCore::workerProgressed(std::uint64_t job, double fraction, const std::string& note) {
  const auto entry = entries_.find(job);
  if (entry == entries_.end()) return;
  // A copy: what it does may end the job.
  const auto report = entry->second.job->options.onProgress;
  if (!report) return;
  try {
    report(fraction, note);
  } catch (...) {
    const Failure failure = Failure::current();
    logger_->error("pool {}: onProgress of job {} threw {}: {}", options_.name, job, failure.type(),
                   failure.message());
  }
}

void PoolCore::workerDied(WorkerProcess& worker, DeathCertificate death) {
  bury(workers_.remove(worker));
  countDeath(death);
  observeDeath(death);
  const auto entry = entries_.find(death.job);
  if (entry != entries_.end()) judgeJob(entry, death);
  const bool unfit = death.cause == DeathCause::startup || death.cause == DeathCause::crash ||
                     death.cause == DeathCause::memory || death.cause == DeathCause::protocol ||
                     death.cause == DeathCause::reaped;
  const bool blameless = death.begun == DeathCertificate::Begun::no && death.jobsServed == 0;
  if (unfit && blameless) noteFailedStart(death);
  proceed();
}

// A worker is on the stack when it reports its death; it is destroyed when that has unwound.
void PoolCore::bury(WorkerPtr worker) {
  reactor_.callSoon([worker = std::move(worker)] {});
}

void PoolCore::countDeath(const DeathCertificate& death) {
  switch (death.cause) {
    case DeathCause::recycle:
      ++recycled_;
      [[fallthrough]];
    case DeathCause::shutdown:
      logger_->debug("pool {}: {}", options_.name, death.summary());
      return;
    case DeathCause::crash:
    case DeathCause::memory:
    case DeathCause::timeout:
    case DeathCause::softTimeout:
    case DeathCause::deadline:
    case DeathCause::cancel:
    case DeathCause::protocol:
    case DeathCause::startup:
    case DeathCause::reaped:
      ++deaths_;
      logger_->warn("pool {}: {}", options_.name, death.describe());
  }
}

void PoolCore::noteFailedStart(const DeathCertificate& death) {
  lastFailedStart_ = std::max(lastFailedStart_, death.worker);
  if (death.pid == 0) {
    restart_.failedForGood(clock_.now());
  } else {
    restart_.failed(clock_.now());
  }
  if (death.cause != DeathCause::startup || !restart_.givenUp() || workers_.active() > 0) return;
  startupFailure_ = death;
  const Failure failure{StartupFailed(death)};
  condemnQueue(failure);
  failStarters(failure);
}

bool PoolCore::startBlocked() const {
  return startupFailure_ && workers_.active() == 0 &&
         (condemned_ || clock_.now() < restart_.nextStart());
}

// How many workers there should be now.
std::size_t PoolCore::wanted() const {
  if (closed_ || (stopping_ && !draining())) return 0;
  const std::size_t load = workers_.count(WorkerState::busy) + waiting();
  const std::size_t floor = started_ && !stopping_ ? options_.min : 0;
  return std::min(options_.max, std::max(floor, load));
}

void PoolCore::fill() {
  if (workers_.active() >= wanted()) return;
  // After giving up, only a new job or start() tries again: nobody waits.
  if (startupFailure_ && waiting() == 0 && starters_.empty()) return;
  if (fillTimer_.active()) return;
  const TimePoint now = clock_.now();
  if (restart_.nextStart() > now) {
    fillTimer_ = clock_.callLater(restart_.nextStart() - now, [this] { fill(); });
    return;
  }
  spawnOne();
  // The others in the turns to come: the loop has more to do than to spawn.
  if (workers_.active() < wanted()) {
    fillTimer_ = reactor_.callLater(Duration::zero(), [this] { fill(); });
  }
}

void PoolCore::spawnOne() {
  ++spawned_;
  auto worker = std::make_shared<WorkerProcess>(
      WorkerProcess::Environment{reactor_, clock_, options_, *logger_, oomKills_, *this},
      ++lastWorker_);
  workers_.add(worker);
  worker->start();
  observeWorker(&PoolObserver::workerSpawned, *worker);
}

// Decides what a worker that has just become idle does next.
void PoolCore::release(WorkerProcess& worker) {
  if (worker.state() != WorkerState::idle) return;
  if (options_.recycleAfter != 0 && worker.jobsServed() >= options_.recycleAfter) {
    worker.retire(DeathCause::recycle);
  } else if (workers_.active() > options_.max || (stopping_ && !draining())) {
    worker.retire(DeathCause::shutdown);
  } else {
    workers_.becameIdle(worker, clock_.now());
  }
}

// Stops idle workers that are too many for `max`; busy ones follow in release().
void PoolCore::shrink() {
  while (workers_.active() > options_.max && workers_.anyIdle()) {
    workers_.takeOldestIdle().retire(DeathCause::shutdown);
  }
}

// Stops workers above `min` that have been idle for maxIdle, and comes back for the next.
void PoolCore::prune() {
  if (pruneTimer_.active() || stopping_) return;
  while (workers_.active() > options_.min && workers_.anyIdle()) {
    const TimePoint due = workers_.oldestIdleSince() + options_.maxIdle;
    if (due > clock_.now()) {
      pruneTimer_ = clock_.callLater(due - clock_.now(), [this] { prune(); });
      return;
    }
    workers_.takeOldestIdle().retire(DeathCause::shutdown);
  }
}

}  // namespace phial::detail
