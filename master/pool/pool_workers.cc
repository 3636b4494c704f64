// The workers' side of the pool: how many there are, and what becomes of each.
#include <phial/master/errors.h>
#include <phial/protocol/saturating_time.h>

#include <algorithm>
#include <utility>

#include "master/pool/pool_core.h"
#include "master/supervision/death_report.h"

namespace phial::detail {
namespace {

// How a death counts against starting others; not at all, if it was the pool's doing, or an
// outsider's who killed a worker that was ready.
std::optional<RestartPolicy::Failure> failureOf(const DeathCertificate& death) {
  using How = RestartPolicy::Failure;
  const auto* signalled = std::get_if<Signalled>(&death.status);
  const bool killed = signalled && signalled->signal == SIGKILL;
  switch (death.cause) {
    case DeathCause::startup:
      if (death.pid == 0) return How::notExecuted;
      // A detail says that it was the pool, or a limit.
      return killed && death.detail.empty() ? How::killedAtStart : How::notReady;
    case DeathCause::crash:
      if (killed) return std::nullopt;
      [[fallthrough]];
    case DeathCause::memory:
    case DeathCause::reaped:
    case DeathCause::unresponsive:
    case DeathCause::damaged:
    case DeathCause::protocol: {
      const bool idle = death.begun == DeathCertificate::Begun::no && death.jobsServed == 0;
      return idle ? How::beforeAnyJob : How::atWork;
    }
    case DeathCause::timeout:
    case DeathCause::softTimeout:
    case DeathCause::deadline:
    case DeathCause::cancel:
    case DeathCause::recycle:
    case DeathCause::shutdown:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

void PoolCore::workerReady(WorkerProcess& worker) {
  say(LogLevel::debug, worker.number(), "ready");
  startupFailure_.reset();
  everReady_ = true;
  restart_.ready(worker.number());
  observeWorker(&PoolObserver::workerReady, worker);
  release(worker);
  proceed();
}

void PoolCore::jobAnswered(WorkerProcess& worker, schema::JobResult::Reader result,
                           ResultReading* reading) {
  restart_.answered(worker.number());
  // Absent when the job was cancelled or its deadline passed: nobody waits for this any more.
  if (JobEntry* const entry = jobs_.find(result.getId())) {
    finishJob(*entry, result, reading);
  } else {
    worker.files().discard(result.getId(), result.getFiles());
  }
}

void PoolCore::jobUnwritable(std::uint64_t job, Failure failure) {
  JobEntry* const entry = jobs_.find(job);
  if (entry != nullptr) failJob(*entry, argumentFailure(std::move(failure)));
}

void PoolCore::workerAnswered(WorkerProcess& worker) {
  release(worker);
  proceed();
}

void PoolCore::workerGaveBack(WorkerProcess&, const std::vector<std::uint64_t>& jobs) {
  sendBack(jobs);
  proceedSoon();
}

// Told in line with the jobs' ends, so that the last report comes before its job's.
void PoolCore::workerProgressed(std::uint64_t id, double fraction, std::string note) {
  const JobEntry* const entry = jobs_.find(id);
  if (entry == nullptr || !entry->job->options().onProgress) return;
  settlements_.notify([job = entry->job, report = *entry->job->options().onProgress, fraction,
                       note = std::move(note), log = log_] {
    if (job->settled() || !report) return;  // cancelled since
    try {
      report(fraction, note);
    } catch (...) {
      const Failure failure = Failure::current();
      log->write(LogLevel::error, 0,
                 oneLine("onProgress of job " + std::to_string(job->id) + " threw " +
                         failure.type() + ": " + failure.message()));
    }
  });
  proceedSoon();
}

void PoolCore::workerDied(WorkerProcess& worker, DeathCertificate death) {
  leaving_.remove(worker);
  bury(workers_.remove(worker));
  countDeath(death);
  observeDeath(death);
  judgeJobs(worker, death);
  noteFailure(death);
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
      say(LogLevel::debug, death.worker, report(death));
      return;
    case DeathCause::crash:
    case DeathCause::memory:
    case DeathCause::timeout:
    case DeathCause::softTimeout:
    case DeathCause::deadline:
    case DeathCause::cancel:
    case DeathCause::protocol:
    case DeathCause::startup:
    case DeathCause::unresponsive:
    case DeathCause::damaged:
    case DeathCause::reaped:
      ++deaths_;
      sayDeath(death);
  }
}

// What a death says of those that will be started next.
void PoolCore::noteFailure(const DeathCertificate& death) {
  const auto how = failureOf(death);
  if (!how) return;
  const TimePoint now = clock_.now();
  restart_.failed(*how, death.worker, now);
  if (death.cause != DeathCause::startup) return;
  // One whose replacement this was to be goes on, unless the next comes at once.
  const bool retried =
      *how == RestartPolicy::Failure::killedAtStart &&
      restart_.nextStart() <= saturatingAdd(now, options_.restart.longestCrashPause);
  if (!retried) keepServing();
  if (restart_.givenUp()) giveUpStarting(death);
}

void PoolCore::giveUpStarting(const DeathCertificate& death) {
  const Failure failure{StartupFailed(death)};
  failReload(failure);
  if (workers_.count(WorkerState::starting) == 0) failStarters(failure);
  // Others that are starting are no reason to wait: there may always be some.
  if (workers_.count(WorkerState::idle) + workers_.count(WorkerState::busy) > 0) return;
  if (!startupFailure_) {
    say(LogLevel::error, 0, "no worker gets ready; the pool goes on trying, but slowly");
  }
  startupFailure_ = death;
  condemnQueue(failure);
  failStarters(failure);
}

bool PoolCore::startBlocked() const {
  return startupFailure_ && workers_.active() == 0 &&
         (condemned_ || clock_.now() < restart_.nextStart());
}

// How many workers there should be now, those that leave not counted.
std::size_t PoolCore::wanted() const {
  if (closed_ || (stopping_ && !draining())) return 0;
  const std::size_t busy = workers_.count(WorkerState::busy) - leaving_.count(WorkerState::busy);
  std::size_t floor = started_ && !stopping_ ? options_.min : 0;
  if (reload_) floor = std::max(floor, reload_->size);
  return std::min(options_.max, std::max(floor, busy + waiting()));
}

// With those that leave: one more for each that no longer serves, and one for all the others.
std::size_t PoolCore::mostWorkers() const {
  return options_.max + leaving_.over() + std::min<std::size_t>(leaving_.goingOn(), 1);
}

void PoolCore::fill() {
  if (staying() >= wanted() || workers_.active() >= mostWorkers()) return;
  // A death that is not judged yet may mean a pause.
  if (fillTimer_.active() || workers_.anyVerdictPending()) return;
  // While none gets ready one is tried at a time, whatever the size of the pool.
  if (startupFailure_ && workers_.count(WorkerState::starting) > 0) return;
  const TimePoint now = clock_.now();
  if (restart_.nextStart() > now) {
    fillTimer_ = clock_.callLater(restart_.nextStart() - now, [this] { fill(); });
    return;
  }
  const bool spawned = spawnOne();
  // The others in the turns to come: the loop has more to do than to spawn.
  if (staying() < wanted()) {
    if (!spawned) return fill();  // which waits for the next try
    fillTimer_ = reactor_.callLater(Duration::zero(), [this] { fill(); });
  }
}

// False: there is too little of something for another worker.
bool PoolCore::spawnOne() {
  auto worker = std::make_shared<WorkerProcess>(
      WorkerProcess::Environment{reactor_, clock_, options_, log_, oomKills_, side_, takeMemory_,
                                 *this},
      lastWorker_ + 1);
  if (const auto shortage = worker->start()) {
    noteShortage(*shortage);
    return false;
  }
  restart_.spawned();
  shortage_ = false;
  ++spawned_;
  restart_.started(++lastWorker_);
  workers_.add(worker);
  observeWorker(&PoolObserver::workerSpawned, *worker);
  return true;
}

// The pool goes on with the workers that fit.
void PoolCore::noteShortage(const std::string& what) {
  restart_.shortage(clock_.now());
  if (!std::exchange(shortage_, true)) {
    say(LogLevel::warning, 0,
        oneLine("there is too little for more than " + std::to_string(workers_.active()) +
                " workers: " + what + "; the pool tries again"));
  }
  keepServing();
  if (!restart_.shortageLasts() || workers_.count(WorkerState::starting) > 0) return;
  DeathCertificate death;
  death.worker = lastWorker_ + 1;
  death.cause = DeathCause::startup;
  death.detail = what;
  const Failure failure{StartupFailed(death)};
  failReload(failure);
  failStarters(failure);
  if (!everReady_) condemnQueue(failure);
  proceedSoon();  // this may be a timer's turn
}

void PoolCore::workerLacks(const std::string& what) {
  if (lacks_.insert(what).second) say(LogLevel::warning, 0, oneLine(what));
}

// Decides what a worker that has just become idle does next.
void PoolCore::release(WorkerProcess& worker) {
  if (worker.state() != WorkerState::idle) return;
  noteMemory(worker);
  if (leaving_.serviceOver(worker)) return;  // letGo() decides
  const bool tooMany = staying() > options_.max && !leaving_.contains(worker);
  if (tooMany || (stopping_ && !draining())) {
    worker.retire(DeathCause::shutdown);
  } else {
    workers_.becameIdle(worker, clock_.now());
  }
}

// Stops idle workers that are too many for `max`; busy ones follow in release().
void PoolCore::shrink() {
  while (staying() > options_.max && workers_.anyIdle()) {
    workers_.takeOldestIdle().retire(DeathCause::shutdown);
  }
}

// Stops workers above `min` that have been idle for maxIdle, and comes back for the next.
void PoolCore::prune() {
  if (pruneTimer_.active() || stopping_ || reload_) return;
  while (staying() > options_.min && workers_.anyIdle()) {
    const TimePoint due = saturatingAdd(workers_.oldestIdleSince(), options_.maxIdle);
    if (due > clock_.now()) {
      pruneTimer_ = clock_.callLater(due - clock_.now(), [this] { prune(); });
      return;
    }
    workers_.takeOldestIdle().retire(DeathCause::shutdown);
  }
}

}  // namespace phial::detail
