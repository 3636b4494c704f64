#include "master/pool/dispatcher.h"

#include <algorithm>
#include <utility>

#include "master/pool/argument_rules.h"
#include "master/pool/available_cores.h"

namespace phial::inline v1::detail {

Dispatcher::Dispatcher(const PoolContext& context, JobBooks& books, JobTimers& timers,
                       Roster& roster, Staffing& staffing, BoundObjects& objects)
    : context_(context),
      books_(books),
      timers_(timers),
      roster_(roster),
      staffing_(staffing),
      objects_(objects),
      schedule_(roster, books.queue(), books.placed(), context.options.max,
                context.options.maxWaiting),
      busyPoll_(context.reactor, context.options.spin),
      cores_(static_cast<std::size_t>(availableCores())) {}

void Dispatcher::dispatch(TimePoint end) {
  while (const Turn turn = nextTurn()) {
    sendBatch(turn);
    if (context_.reactor.now() >= end) break;
  }
  scheduleLook();
}

bool Dispatcher::canDispatch() { return static_cast<bool>(nextTurn()); }

// Empty: all jobs have to wait. Also those of a condemned queue, but not those that are bound to a
// worker.
Turn Dispatcher::nextTurn() {
  while (const Turn turn = schedule_.nextTurn()) {
    if (turn.line != Placement::At::worker && books_.condemned()) return {};
    Seat& seat = *turn.seat;
    if (seat.load.state == WorkerState::idle) return turn;
    const Duration running = seat.worker->runningFor().value_or(Duration::zero());
    if (!Schedule::isLate(seat, running)) return turn;
    roster_.noteLate(seat);
  }
  return {};
}

void Dispatcher::sendBatch(const Turn& turn) {
  Seat& seat = *turn.seat;
  PoolWorker& worker = *seat.worker;
  BatchPlan plan = schedule_.plan(turn);
  auto batch = gather(worker, plan, *turn.jobs);
  if (!batch.empty()) worker.run(batch, plan.work());
  const Roster::Now sent = context_.now();
  for (auto& outgoing : batch) {
    JobEntry& entry = books_.at(outgoing.job->id);
    if (outgoing.failure) {
      books_.fail(entry, argumentFailure(std::move(*outgoing.failure)));
    } else {
      books_.dispatched(entry, worker, sent);
      timers_.watchRun(entry, seat.runs);
      if (turn.line == Placement::At::fresh || turn.line == Placement::At::worker)
        notePlaced(seat, entry.placement());
    }
  }
  if (seat.load.state != WorkerState::busy) return;
  staffing_.noteDispatch(seat, sent.pool);
  pollFor(plan.work());
}

// A job that is bound to a worker without a lease is one that every worker gets.
void Dispatcher::notePlaced(Seat& seat, const Placement& placement) {
  if (placement.at == Placement::At::fresh) {
    staffing_.noteLastJob(seat);
  } else if (placement.lease == 0) {
    roster_.noteCommonJob(seat);
  }
}

// Takes the next jobs off their line: one, or several short ones.
std::vector<Outgoing> Dispatcher::gather(PoolWorker& worker, BatchPlan& plan, JobQueue& jobs) {
  std::vector<Outgoing> batch;
  while (!jobs.empty() && !plan.full()) {
    JobEntry& entry = jobs.front();
    try {
      if (!addTo(batch, entry, worker, plan)) break;
    } catch (...) {
      plan.skip();
      books_.fail(entry, argumentFailure(Failure::current()));
      continue;
    }
    books_.takeForWorker(entry);
  }
  return batch;
}

// False: the job does not travel with the others. Throws when it cannot be sent to this worker.
bool Dispatcher::addTo(std::vector<Outgoing>& batch, JobEntry& entry, PoolWorker& worker,
                       BatchPlan& plan) {
  const Job& job = *entry.job;
  const auto expected = schedule_.expectation(entry);
  if (!plan.admits(expected, {})) return false;
  const auto function = worker.find(job.function());
  auto writing =
      job.writtenAside() ? job.beginWriting(maxArgumentBytes(context_.options)) : nullptr;
  const auto words = writing ? 0 : job.argumentWords();
  const BatchPlan::Words size{.arguments = words, .result = schedule_.resultWords(entry)};
  if (!plan.admits(expected, size)) return false;
  ObjectBoundary* const boundary =
      job.method() != nullptr ? &objects_.of(worker.number()) : nullptr;
  batch.push_back({&job, function, words, std::nullopt, std::move(writing), entry.placement().lease,
                   boundary, context_.reporter.wantsTimings()});
  plan.add(expected, size);
  return true;
}

// Looks for the answer without sleeping, if it may come soon and there is a core to do so on.
void Dispatcher::pollFor(Duration expected) {
  const bool soon = expected == Duration::max() || expected <= busyPoll_.time();
  if (soon && roster_.count(WorkerState::busy) < cores_) busyPoll_.begin();
}

// Sets the timer for the crowded worker that is to be looked at first.
void Dispatcher::scheduleLook() {
  if (roster_.crowded() == 0) return;
  const TimePoint now = context_.reactor.now();
  const auto next = schedule_.nextLook(now);
  if (!next || (lookTimer_.active() && lookAt_ <= *next)) return;
  lookTimer_.cancel();
  lookAt_ = *next;
  lookTimer_ = context_.reactor.callLater(std::max(Duration::zero(), *next - now),
                                          [this] { lookAtCrowded(); });
}

// Fetches what has ended, and sees that nothing waits behind a job that takes longer than it
// should.
void Dispatcher::lookAtCrowded() {
  const TimePoint now = context_.reactor.now();
  while (Seat* const seat = schedule_.dueForLook(now)) {
    PoolWorker& worker = *seat->worker;
    worker.collect();
    roster_.lookAgain(*seat, now + kLookPause);
    if (seat->load.state == WorkerState::busy && seat->load.held > 1) {
      const Duration running = worker.runningFor().value_or(Duration::zero());
      if (Schedule::isLate(*seat, running)) sendBack(worker.takeBackLast(seat->load.held));
    }
    if (context_.reactor.now() - now >= PendingWork::kSlice) break;  // the others in the next turn
  }
  spareForIdle();
  context_.pending.finish();
}

// Gives workers that have nothing to do what others hold and have not begun.
void Dispatcher::spareForIdle() {
  std::size_t takers = schedule_.takers();
  Seat* seat = roster_.lastCrowded();
  for (; takers > 0 && seat != nullptr; --takers) {
    Seat* const before = roster_.crowdedBefore(*seat);
    if (Schedule::spares(*seat)) sendBack(seat->worker->takeBackLast(1));
    seat = before;
  }
}

// From the last to the first: each goes to the head of the queue, so their order stays.
void Dispatcher::sendBack(const std::vector<std::uint64_t>& jobs) {
  for (auto id = jobs.rbegin(); id != jobs.rend(); ++id) {
    JobEntry* const entry = books_.find(*id);
    if (entry == nullptr) continue;
    context_.reporter.job(JobEvent::Kind::takenBack, *entry);
    books_.requeue(*entry);
  }
}

void Dispatcher::close() {
  lookTimer_.cancel();
  busyPoll_.end();
}

}  // namespace phial::inline v1::detail
