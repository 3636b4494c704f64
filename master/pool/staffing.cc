#include "master/pool/staffing.h"

#include <phial/protocol/saturating_time.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <utility>
#include <variant>

namespace phial::inline v1::detail {
namespace {

// Below this number of jobs every worker serves exactly as many.
constexpr std::size_t kLeastSpreadQuota = 16;

// How a death counts against starting others. A death does not count if it was the pool's doing, or
// if somebody outside killed a worker that was ready.
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
    case DeathCause::killed:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Staffing::Staffing(Roster& roster, Rules rules, std::uint64_t seed)
    : roster_(roster), rules_(rules), spreadSeed_(seed), restart_(rules.restart, seed) {}

void Staffing::resize(std::size_t min, std::size_t max) {
  rules_.min = min;
  rules_.max = max;
  leftOver_ = lent();
}

std::size_t Staffing::wanted(const Demand& demand) const {
  if (!demand.open) return 0;
  const std::size_t busy = roster_.count(WorkerState::busy) - roster_.departing(WorkerState::busy) -
                           roster_.kept(WorkerState::busy);
  std::size_t floor = demand.keepsMin ? rules_.min : 0;
  if (reload_) floor = std::max(floor, reload_->size);
  const std::size_t waiting = demand.waiting + demand.fresh + demand.leases;
  return std::min(rules_.max + lent(), roster_.kept() + std::max(floor, busy + waiting));
}

// Idle workers that have served somebody are of no use to those who wait for a fresh one.
bool Staffing::wantsFresh(const Demand& demand) const {
  return demand.open && demand.fresh > roster_.fresh() + roster_.count(WorkerState::starting);
}

// With departing ones: one more for each that takes no further job, and one for all the others.
std::size_t Staffing::most() const {
  const std::size_t servingOn = roster_.departing() - roster_.waitingToGo();
  return rules_.max + lent() + roster_.waitingToGo() + std::min<std::size_t>(servingOn, 1);
}

bool Staffing::wantsMore(const Demand& demand) const {
  const std::size_t wants = wantsFresh(demand) ? rules_.max : wanted(demand);
  return roster_.staying() < wants && roster_.active() < most();
}

bool Staffing::triesOneAtATime() const {
  return startupFailure_ && roster_.count(WorkerState::starting) > 0;
}

Seat& Staffing::started(std::uint64_t worker, std::shared_ptr<PoolWorker> itself) {
  restart_.spawned();
  restart_.started(worker);
  return roster_.add(worker, std::move(itself), quotaOf(worker));
}

bool Staffing::noteShortage(TimePoint now) {
  restart_.shortage(now);
  keepServing();
  return restart_.shortageLasts() && roster_.count(WorkerState::starting) == 0;
}

void Staffing::noteReady(std::uint64_t worker) {
  startupFailure_.reset();
  restart_.ready(worker);
}

bool Staffing::noteDeath(const DeathCertificate& death, TimePoint now) {
  const std::size_t staying = roster_.staying();
  leftOver_ = std::max(lent(), std::min(leftOver_, staying - std::min(staying, rules_.max)));
  const auto how = failureOf(death);
  if (!how) return false;
  restart_.failed(*how, death.worker, now);
  if (death.cause != DeathCause::startup) return false;
  // The worker whose replacement this was to be goes on, unless the next comes at once.
  const bool retried = *how == RestartPolicy::Failure::killedAtStart && replacementIsNear(now);
  if (!retried) keepServing();
  return restart_.givenUp();
}

bool Staffing::giveUp(const DeathCertificate& death) {
  const bool first = !startupFailure_;
  startupFailure_ = death;
  return first;
}

bool Staffing::hopeless(TimePoint now) const {
  return startupFailure_ && roster_.shared() == 0 && now < restart_.nextStart();
}

bool Staffing::replacementIsNear(TimePoint now) const {
  return restart_.nextStart() <= saturatingAdd(now, rules_.restart.longestCrashPause);
}

Seat* Staffing::surplus() const {
  return roster_.staying() > mostStaying() && roster_.idle() > 0 ? &roster_.oldestIdle() : nullptr;
}

bool Staffing::isSurplus(const Seat& seat) const {
  return roster_.staying() > mostStaying() && seat.departure == Departure::none && !seat.bound;
}

Seat* Staffing::pruneNext() const {
  const std::size_t staying = roster_.staying() - roster_.kept();
  if (reload_ || staying <= rules_.min) return nullptr;
  return roster_.oldestUnbound();
}

TimePoint Staffing::pruneAt(const Seat& seat) const {
  return saturatingAdd(seat.idleSince, rules_.maxIdle);
}

Seat* Staffing::givesWay(const Demand& demand) const {
  if (!wantsFresh(demand) || roster_.staying() < rules_.max) return nullptr;
  return roster_.oldestUsed();
}

void Staffing::leaseTo(Seat& seat, std::uint64_t lease) {
  roster_.setDeparture(seat, Departure::none);
  roster_.setLease(seat, lease);
}

void Staffing::endLease(Seat& seat) {
  roster_.setLease(seat, 0);
  if (reload_ && seat.number <= reload_->lastOld) replace(seat);
}

void Staffing::noteWaits(Seat& seat, WaitsFor what) {
  roster_.setWaits(seat, what);
  leftOver_ = std::max(leftOver_, lent());
}

void Staffing::noteLastJob(Seat& seat) {
  roster_.setDeparture(seat, Departure::none);
  roster_.setLease(seat, 0);
  roster_.setLast(seat);
}

// No two workers need serve the same number of jobs: they would all be replaced at once.
std::uint64_t Staffing::quotaOf(std::uint64_t worker) const {
  const std::size_t most = rules_.recycleAfter;
  if (most == 0) return Seat::kNoQuota;
  if (most < kLeastSpreadQuota) return most;
  std::mt19937_64 ofThisWorker(spreadSeed_ + worker);
  return most - ofThisWorker() % (most / 8 + 1);
}

void Staffing::noteDispatch(Seat& seat, TimePoint now) {
  if (seat.jobsLeft() > 0 || seat.departure != Departure::none || seat.kept() || seat.bound) return;
  // When no replacement can be started soon, it serves on.
  roster_.setDeparture(seat, replacementIsNear(now) ? Departure::waits : Departure::servesOn);
}

void Staffing::replace(Seat& seat) {
  if (seat.departure == Departure::none) roster_.setDeparture(seat, Departure::servesOn);
}

Seat* Staffing::takeReplaced(const Demand& demand) {
  Seat* const seat = roster_.firstReplaceable();
  if (seat == nullptr) return nullptr;
  const std::size_t ready = roster_.serving() - roster_.departing(WorkerState::idle) -
                            roster_.departing(WorkerState::busy);
  const std::size_t want = wanted(demand);
  const std::size_t missing = want - std::min(want, ready);
  if (roster_.departingActive() <= missing) return nullptr;
  roster_.setDeparture(*seat, Departure::none);
  return seat;
}

void Staffing::keepServing() {
  if (roster_.waitingToGo() == 0) return;
  for (auto& [number, seat] : roster_.seats()) {
    if (seat.departure == Departure::waits) roster_.setDeparture(seat, Departure::servesOn);
  }
}

void Staffing::beginReload(std::uint64_t lastWorker) {
  reload_ = Reload{lastWorker, std::min(rules_.max, roster_.shared())};
  for (auto& [number, seat] : roster_.seats()) {
    if (seat.load.state != WorkerState::ending && !seat.kept()) replace(seat);
  }
}

bool Staffing::finishReload() {
  if (!reload_) return false;
  const bool oldLeft = !roster_.empty() && roster_.seats().begin()->first <= reload_->lastOld;
  if (oldLeft || roster_.serving() < std::min(rules_.max, reload_->size)) return false;
  reload_.reset();
  return true;
}

void Staffing::abandonReload() {
  if (!reload_) return;
  const auto lastOld = std::exchange(reload_, std::nullopt)->lastOld;
  for (auto& [number, seat] : roster_.seats()) {
    // A worker that had served its number of jobs, or grown, is found again after its next job.
    if (number <= lastOld) roster_.setDeparture(seat, Departure::none);
  }
  keepServing();
}

}  // namespace phial::inline v1::detail
