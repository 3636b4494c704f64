#include "master/pool/crew.h"

#include <phial/master/errors.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <utility>

#include "master/worker/death_report.h"

namespace phial::inline v1::detail {

Crew::Crew(const PoolContext& context, PoolWorker::Owner& owner, WorkerFactory makeWorker,
           std::function<void()> fillAgain)
    : context_(context),
      owner_(owner),
      makeWorker_(std::move(makeWorker)),
      fillAgain_(std::move(fillAgain)),
      staffing_(roster_,
                {context.options.min, context.options.max, context.options.recycleAfter,
                 context.options.maxIdle, context.options.restart, context.options.maxWaiting},
                std::random_device{}()) {}

std::vector<WorkerStatus> Crew::statuses() const {
  std::vector<WorkerStatus> statuses;
  for (const auto& [number, seat] : roster_.seats()) {
    statuses.push_back(seat.worker->status());
    statuses.back().leased = seat.lease != 0;
    statuses.back().bound = seat.bound;
    statuses.back().waits = seat.waits != WaitsFor::nothing;
  }
  return statuses;
}

std::optional<Failure> Crew::fill(const Staffing::Demand& demand) {
  if (!staffing_.wantsMore(demand) || fillTimer_.active()) return std::nullopt;
  // A death that is not judged yet may mean a pause.
  if (staffing_.triesOneAtATime() || anyVerdictPending()) return std::nullopt;
  const TimePoint now = context_.clock.now();
  if (staffing_.nextStart() > now) {
    fillTimer_ = context_.clock.callLater(staffing_.nextStart() - now, fillAgain_);
    return std::nullopt;
  }
  if (const auto shortage = startNext()) {
    auto failure = noteShortage(*shortage);
    return failure ? std::move(failure) : fill(demand);  // which waits for the next try
  }
  if (roster_.staying() < staffing_.wanted(demand)) {
    fillTimer_ = context_.reactor.callLater(Duration::zero(), fillAgain_);
  }
  return std::nullopt;
}

// Whether the unexpected end of a worker is known of which the pool is about to hear.
bool Crew::anyVerdictPending() const {
  return std::ranges::any_of(roster_.endingSeats(),
                             [](const Seat& seat) { return seat.worker->verdictPending(); });
}

// A text says what there is too little of for another worker.
std::optional<std::string> Crew::startNext() {
  const auto worker = makeWorker_(owner_, lastWorker_ + 1);
  if (auto shortage = worker->start()) return shortage;
  shortage_ = false;
  ++counts_.spawned;
  Seat& seat = staffing_.started(++lastWorker_, worker);
  roster_.update(seat, worker->load(), context_.now());
  context_.reporter.worker(&PoolObserver::workerSpawned, *worker);
  return std::nullopt;
}

// The pool goes on with the workers that fit.
std::optional<Failure> Crew::noteShortage(const std::string& what) {
  if (!std::exchange(shortage_, true)) {
    context_.reporter.say(
        LogLevel::warning, 0,
        oneLine("there is too little for more than " + std::to_string(roster_.active()) +
                " workers: " + what + "; the pool tries again"));
  }
  if (!staffing_.noteShortage(context_.clock.now())) return std::nullopt;
  DeathCertificate death;
  death.worker = lastWorker_ + 1;
  death.cause = DeathCause::startup;
  death.detail = what;
  return Failure(StartupFailed(death));
}

void Crew::giveUp(const DeathCertificate& death) {
  if (!staffing_.giveUp(death)) return;
  context_.reporter.say(LogLevel::error, 0,
                        "no worker gets ready; the pool goes on trying, but slowly");
}

void Crew::ready(PoolWorker& worker, const Staffing::Demand& demand) {
  context_.reporter.say(LogLevel::debug, worker.number(), "ready");
  everReady_ = true;
  staffing_.noteReady(worker.number());
  context_.reporter.worker(&PoolObserver::workerReady, worker);
  answered(worker, demand);
}

void Crew::changed(PoolWorker& worker) {
  Seat* const seat = roster_.find(worker.number());
  if (seat != nullptr) roster_.update(*seat, worker.load(), context_.now());
}

void Crew::answered(PoolWorker& worker, const Staffing::Demand& demand) {
  release(*roster_.find(worker.number()), demand);
}

void Crew::release(Seat& seat, const Staffing::Demand& demand) {
  if (seat.load.state != WorkerState::idle || seat.lease != 0 || seat.called) return;
  if (seat.last)
    return seat.worker->retire(demand.open ? DeathCause::recycle : DeathCause::shutdown);
  noteMemory(seat);
  if (seat.departure == Departure::waits) return;  // replaceDeparting() decides
  if (staffing_.isSurplus(seat) || !demand.open) seat.worker->retire(DeathCause::shutdown);
}

void Crew::unbound(Seat& seat, const Staffing::Demand& demand) {
  staffing_.noteDispatch(seat, context_.clock.now());
  release(seat, demand);
}

void Crew::released(Seat& seat, const Staffing::Demand& demand) {
  staffing_.endLease(seat);
  release(seat, demand);
}

// A worker that is above the limit before it has served a job would be replaced by its like, and so
// on for ever.
void Crew::noteMemory(Seat& seat) {
  const std::uint64_t limit = context_.options.recycleAboveRssBytes;
  const bool stays = seat.departure != Departure::none || seat.bound;
  if (limit == 0 || stays || seat.load.given == 0) return;
  const auto resident = seat.worker->residentBytes();
  if (resident <= limit) return;  // nothing is less than any number
  context_.reporter.say(LogLevel::debug, seat.number,
                        "has " + std::to_string(*resident) + " bytes resident and is replaced");
  staffing_.replace(seat);
}

bool Crew::died(PoolWorker& worker, const DeathCertificate& death) {
  Seat& seat = *roster_.find(worker.number());
  destroyLater(seat.worker);
  roster_.remove(seat);
  noteDeath(death);
  return staffing_.noteDeath(death, context_.clock.now());
}

void Crew::noteDeath(const DeathCertificate& death) {
  const bool recycled = death.cause == DeathCause::recycle;
  const bool wanted =
      recycled || death.cause == DeathCause::shutdown || death.cause == DeathCause::killed;
  if (recycled) ++counts_.recycled;
  if (!wanted) ++counts_.deaths;
  context_.reporter.died(death, wanted ? PoolReporter::End::wanted : PoolReporter::End::unwanted);
}

void Crew::destroyLater(std::shared_ptr<PoolWorker> worker) {
  context_.reactor.callSoon([worker = std::move(worker)] {});
}

void Crew::resize(std::size_t min, std::size_t max) {
  staffing_.resize(min, max);
  while (Seat* const seat = staffing_.surplus()) seat->worker->retire(DeathCause::shutdown);
}

void Crew::replaceDeparting(const Staffing::Demand& demand) {
  while (Seat* const seat = staffing_.takeReplaced(demand)) {
    seat->worker->retire(DeathCause::recycle);
  }
}

void Crew::makeRoomForFresh(const Staffing::Demand& demand) {
  while (Seat* const seat = staffing_.givesWay(demand)) seat->worker->retire(DeathCause::recycle);
}

void Crew::prune() {
  if (pruneTimer_.active()) return;
  while (Seat* const seat = staffing_.pruneNext()) {
    const TimePoint due = staffing_.pruneAt(*seat);
    const TimePoint now = context_.clock.now();
    if (due > now) {
      pruneTimer_ = context_.clock.callLater(due - now, [this] { prune(); });
      return;
    }
    seat->worker->retire(DeathCause::shutdown);
  }
}

void Crew::dismiss() {
  while (roster_.idle() > 0) roster_.oldestIdle().worker->retire(DeathCause::shutdown);
  if (roster_.count(WorkerState::starting) == 0) return;
  for (const auto& [number, seat] : roster_.seats()) {
    if (seat.load.state == WorkerState::starting) seat.worker->end(DeathCause::shutdown, SIGKILL);
  }
}

void Crew::kill(DeathCause cause) {
  for (const auto& [number, seat] : roster_.seats()) seat.worker->end(cause, SIGKILL);
}

void Crew::close() {
  fillTimer_.cancel();
  pruneTimer_.cancel();
  for (const auto& [number, seat] : roster_.seats()) {
    seat.worker->abandon();
    destroyLater(seat.worker);
  }
  makeWorker_.close();
  roster_.clear();
}

}  // namespace phial::inline v1::detail
