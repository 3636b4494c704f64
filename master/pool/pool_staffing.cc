// Carrying out what Staffing decides: workers are started, retired and replaced.
#include <phial/master/errors.h>

#include <algorithm>
#include <string>
#include <utility>

#include "master/pool/pool_core.h"
#include "master/process/this_program.h"

namespace phial::detail {

Staffing::Demand PoolCore::demand() const {
  return {.waiting = books_.waiting(),
          .open = !closed_ && (!stopping_ || draining()),
          .keepsMin = started_ && !stopping_};
}

void PoolCore::fill() {
  if (!staffing_.wantsMore(demand()) || fillTimer_.active()) return;
  // A death that is not judged yet may mean a pause.
  if (staffing_.triesOneAtATime() || anyVerdictPending()) return;
  const TimePoint now = clock_.now();
  if (staffing_.nextStart() > now) {
    fillTimer_ = clock_.callLater(staffing_.nextStart() - now, [this] { fill(); });
    return;
  }
  const bool spawned = spawnOne();
  // The others in the turns to come: the loop has more to do than to spawn.
  if (roster_.staying() < staffing_.wanted(demand())) {
    if (!spawned) return fill();  // which waits for the next try
    fillTimer_ = reactor_.callLater(Duration::zero(), [this] { fill(); });
  }
}

// Whether the unexpected end of a worker is known of which the pool is about to hear.
bool PoolCore::anyVerdictPending() const {
  return std::ranges::any_of(roster_.endingSeats(),
                             [](const Seat& seat) { return seat.worker->verdictPending(); });
}

// False: there is too little of something for another worker.
bool PoolCore::spawnOne() {
  auto worker = makeWorker_(*this, lastWorker_ + 1);
  if (const auto shortage = worker->start()) {
    noteShortage(*shortage);
    return false;
  }
  shortage_ = false;
  ++spawned_;
  staffing_.started(++lastWorker_, worker);
  workerChanged(*worker);
  reporter_.worker(&PoolObserver::workerSpawned, *worker);
  return true;
}

// The pool goes on with the workers that fit.
void PoolCore::noteShortage(const std::string& what) {
  if (!std::exchange(shortage_, true)) {
    reporter_.say(LogLevel::warning, 0,
                  oneLine("there is too little for more than " + std::to_string(roster_.active()) +
                          " workers: " + what + "; the pool tries again"));
  }
  if (!staffing_.noteShortage(clock_.now())) return;
  DeathCertificate death;
  death.worker = lastWorker_ + 1;
  death.cause = DeathCause::startup;
  death.detail = what;
  const Failure failure{StartupFailed(death)};
  failReload(failure);
  failStarters(failure);
  if (!everReady_) books_.condemn(failure);
  pending_.finishSoon();  // this may be a timer's turn
}

void PoolCore::giveUpStarting(const DeathCertificate& death) {
  const Failure failure{StartupFailed(death)};
  failReload(failure);
  if (roster_.count(WorkerState::starting) == 0) failStarters(failure);
  // Others that are starting are no reason to wait: there may always be some.
  if (roster_.serving() > 0) return;
  if (staffing_.giveUp(death)) {
    reporter_.say(LogLevel::error, 0, "no worker gets ready; the pool goes on trying, but slowly");
  }
  books_.condemn(failure);
  failStarters(failure);
}

// Whether a job that comes now would wait in vain.
bool PoolCore::startBlocked() const {
  if (!staffing_.startupFailure() || roster_.active() > 0) return false;
  return books_.condemned() || staffing_.hopeless(clock_.now());
}

// Retires a worker that has just become idle, if it is not needed.
void PoolCore::release(Seat& seat) {
  if (seat.load.state != WorkerState::idle) return;
  noteMemory(seat);
  if (seat.departure == Departure::waits) return;  // replaceDeparting() decides
  if (staffing_.isSurplus(seat) || (stopping_ && !draining())) {
    seat.worker->retire(DeathCause::shutdown);
  }
}

// A worker that is above the limit before it has served a job would be replaced by its like, and so
// on for ever.
void PoolCore::noteMemory(Seat& seat) {
  if (options_.recycleAboveRssBytes == 0 || seat.departure != Departure::none) return;
  if (seat.load.given == 0) return;
  const auto resident = seat.worker->residentBytes();
  if (resident <= options_.recycleAboveRssBytes) return;  // nothing is less than any number
  reporter_.say(LogLevel::debug, seat.number,
                "has " + std::to_string(*resident) + " bytes resident and is replaced");
  staffing_.replace(seat);
}

// Stops workers above `min` that have been idle for maxIdle, and comes back for the next.
void PoolCore::prune() {
  if (pruneTimer_.active() || stopping_) return;
  while (Seat* const seat = staffing_.pruneNext()) {
    const TimePoint due = staffing_.pruneAt(*seat);
    if (due > clock_.now()) {
      pruneTimer_ = clock_.callLater(due - clock_.now(), [this] { prune(); });
      return;
    }
    seat->worker->retire(DeathCause::shutdown);
  }
}

void PoolCore::replaceDeparting() {
  while (Seat* const seat = staffing_.takeReplaced(demand())) {
    seat->worker->retire(DeathCause::recycle);
  }
}

Deferred<void> PoolCore::reload() {
  auto [deferred, resolver] = newDeferred<void>();
  if (stopping_) {
    resolver.errback(Failure(PoolStopped("pool " + options_.name + " has been stopped")));
    return std::move(deferred);
  }
  reporter_.say(LogLevel::info, 0, "reloading " + std::to_string(roster_.active()) + " workers");
  if (runsOwnProgram_) options_.worker = commandByPath();
  staffing_.beginReload(lastWorker_);
  reloaders_.push_back(std::move(resolver));
  pending_.finishSoon();
  return std::move(deferred);
}

void PoolCore::advanceReload() {
  if (!staffing_.finishReload()) return;
  reporter_.say(LogLevel::info, 0, "reloaded");
  for (auto& waiter : std::exchange(reloaders_, {})) settlements_.succeed(std::move(waiter));
}

// The old ones stay.
void PoolCore::failReload(const Failure& failure) {
  if (!staffing_.reloading()) return;
  if (runsOwnProgram_) options_.worker.clear();
  staffing_.abandonReload();
  for (auto& waiter : std::exchange(reloaders_, {})) {
    settlements_.fail(std::move(waiter), failure);
  }
}

}  // namespace phial::detail
