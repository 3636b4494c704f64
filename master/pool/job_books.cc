#include "master/pool/job_books.h"

#include <phial/master/errors.h>
#include <phial/protocol/probes.h>

#include <utility>

namespace phial::inline v1::detail {
namespace {

JobOutcome outcomeOf(Ledger::Column end) {
  if (end == Ledger::Column::succeeded) return JobOutcome::succeeded;
  return end == Ledger::Column::failed ? JobOutcome::failed : JobOutcome::cancelled;
}

}  // namespace

bool JobBooks::neverRan(const JobEntry& entry) {
  const JobState* const state = entry.state.get();
  if (state == nullptr) return true;
  if (state->mayHaveRun) return false;
  return state->worker == nullptr || !state->worker->jobBegun(entry.id());
}

JobEntry& JobBooks::enter(Ref<Job> job, TimePoint now, const Placement& placement) {
  const int priority = job->options().priority;
  PHIAL_PROBE3(submit, job->id, job->function().name.data(), job->function().name.size());
  ledger_.enter(Column::queued);
  JobEntry& entry = jobs_.add(std::move(job));
  if (placement.at == Placement::At::any) {
    queue_.pushBack(entry, priority);
  } else {
    JobState& state = jobs_.stateOf(entry);
    state.placement = placement;
    state.kin = placement.at == Placement::At::child;
    placed_.pushBack(entry);
  }
  entry.queued = now;
  reporter_.job(JobEvent::Kind::queued, entry);
  return entry;
}

void JobBooks::refuse(Ref<Job> job, Failure reason) {
  reason = reason.neverRun();
  ledger_.enter(Column::failed);
  reporter_.refused(job, reason);
  settlements_.fail(std::move(job), std::move(reason));
}

void JobBooks::takeForWorker(JobEntry& entry) { leaveQueue(entry); }

void JobBooks::toFront(JobEntry& entry) {
  if (entry.placement().at == Placement::At::any) {
    queue_.pushFront(entry, entry.job->options().priority);
  } else {
    placed_.pushFront(entry);
  }
}

void JobBooks::leaveQueue(JobEntry& entry) {
  if (entry.placement().at == Placement::At::any) {
    queue_.remove(entry, entry.job->options().priority);
  } else {
    placed_.remove(entry);
  }
}

void JobBooks::dispatched(JobEntry& entry, PoolWorker& worker, Roster::Now now) {
  JobState& state = jobs_.stateOf(entry);
  ledger_.move(Column::queued, Column::running);
  state.worker = &worker;
  state.workerNumber = worker.number();
  if (++state.attempts == 1) queueWait_.add(now.reactor - entry.queued);
  state.clock = JobClock(now.pool);
  state.times.dispatched = now.reactor;
  PHIAL_PROBE2(dispatch, entry.id(), state.workerNumber);
  reporter_.job(JobEvent::Kind::dispatched, entry);
}

void JobBooks::requeue(JobEntry& entry) {
  if (mode_ == QueueMode::closed) return failStopped(entry);
  leaveWorker(entry);
  toFront(entry);
}

void JobBooks::pause(JobEntry& entry) {
  leaveWorker(entry);
  paused_.insert(entry.id());
}

void JobBooks::endPause(JobEntry& entry) {
  entry.state->pause.cancel();
  paused_.erase(entry.id());
  toFront(entry);
}

void JobBooks::leaveWorker(JobEntry& entry) {
  JobState& state = *entry.state;
  if (state.kin && kin_ != nullptr) kin_->leftWorker(entry);
  if (state.worker->jobBegun(entry.id())) state.mayHaveRun = true;
  state.timeout.cancel();
  state.softTimeout.cancel();
  state.worker = nullptr;
  ledger_.move(Column::running, Column::queued);
  state.times.started.reset();
}

void JobBooks::succeed(JobEntry& entry) { settlements_.succeed(remove(entry, Column::succeeded)); }

void JobBooks::fail(JobEntry& entry, Failure failure) {
  if (failure.mayHaveRun() && neverRan(entry)) failure = failure.neverRun();
  failWith(entry, std::move(failure));
}

void JobBooks::failWith(JobEntry& entry, Failure failure) {
  auto job = remove(entry, Column::failed, &failure);
  settlements_.fail(std::move(job), std::move(failure));
}

void JobBooks::failStopped(JobEntry& entry) {
  fail(entry, Failure(PoolStopped("pool " + pool_ + " was stopped while the job was running")));
}

void JobBooks::cancel(JobEntry& entry) { remove(entry, Column::cancelled); }

Ref<Job> JobBooks::remove(JobEntry& entry, Column to, const Failure* failure) {
  Column from = Column::queued;
  if (entry.state) {
    JobState& state = *entry.state;
    if (state.kin && kin_ != nullptr) kin_->ended(entry, to == Column::succeeded);
    state.deadline.cancel();
    state.timeout.cancel();
    state.softTimeout.cancel();
    state.pause.cancel();
    if (state.worker != nullptr) from = Column::running;
  }
  if (entry.place.is_linked()) {
    leaveQueue(entry);
  } else if (from == Column::queued) {
    paused_.erase(entry.id());  // absent when it was taken for a worker
  }
  ledger_.move(from, to);
  reporter_.settled(entry, outcomeOf(to), failure);
  auto job = entry.job;
  jobs_.erase(entry);
  return job;
}

void JobBooks::condemn(const Failure& failure) {
  while (!paused_.empty()) endPause(jobs_.at(*paused_.begin()));
  const bool any = !queue_.empty() || !placed_.fresh().empty() || placed_.children() > 0;
  if (any && !condemned_) condemned_ = failure;
}

void JobBooks::close(const Failure& failure) {
  mode_ = QueueMode::closed;
  condemn(failure);
  placed_.doomAll(failure);
}

void JobBooks::failCondemned() {
  // About a tenth of a millisecond of bookkeeping; more of it only when its callers have been told.
  constexpr int kAtOnce = 512;
  if (!anyToFail() || !settlements_.empty()) return;
  int left = kAtOnce;
  if (condemned_) {
    // Both made once: most have not run, and a copy for each would cost more than failing it.
    const Failure failure = *condemned_;
    const Failure ofUnrun = failure.neverRun();
    while (left > 0 && failNext(failure, ofUnrun)) --left;
    if (queue_.empty() && placed_.fresh().empty() && placed_.children() == 0) condemned_.reset();
  }
  for (; left > 0 && placed_.anyDoomed(); --left) {
    const auto [entry, reason] = placed_.firstDoomed();
    fail(*entry, *reason);
  }
}

// False: none is left.
bool JobBooks::failNext(const Failure& failure, const Failure& ofUnrun) {
  JobQueue* const children = placed_.deepest();
  JobQueue& line = children != nullptr ? *children : queue_.empty() ? placed_.fresh() : queue_;
  if (line.empty()) return false;
  JobEntry& entry = line.front();
  failWith(entry, neverRan(entry) ? ofUnrun : failure);
  return true;
}

void JobBooks::failChildren(const Failure& failure) {
  while (JobQueue* const line = placed_.deepest()) fail(line->front(), failure);
}

void JobBooks::failAll(const Failure& failure) {
  condemned_.reset();
  const Failure ofUnrun = failure.neverRun();
  while (!jobs_.empty()) {
    JobEntry& entry = jobs_.first();
    failWith(entry, neverRan(entry) ? ofUnrun : failure);
  }
}

}  // namespace phial::inline v1::detail
