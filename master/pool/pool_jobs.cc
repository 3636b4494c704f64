// The jobs' side of the pool: from submission to the verdict.
#include <phial/master/errors.h>
#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/failure_codec.h>
#include <phial/protocol/saturating_time.h>

#include <algorithm>
#include <string>
#include <utility>

#include "master/pool/argument_failure.h"
#include "master/pool/pool_core.h"

namespace phial::detail {
namespace {

JobOutcome outcomeOf(Ledger::Column end) {
  if (end == Ledger::Column::succeeded) return JobOutcome::succeeded;
  return end == Ledger::Column::failed ? JobOutcome::failed : JobOutcome::cancelled;
}

std::optional<Failure> readResult(Job& job, const JobAnswer& answer) {
  const schema::JobResult::Reader result = answer.result;
  try {
    if (answer.reading != nullptr) {
      job.acceptRead(*answer.reading);
      return std::nullopt;
    }
    if (result.isFailure()) return decodeFailure(result.getFailure());
    if (!result.isValue()) return Failure(EncodingError("the result is of an unknown kind"));
    const IncomingFiles enclosed(answer.files.receive(result.getId(), result.getFiles()));
    job.accept(result.getValue());
    return std::nullopt;
  } catch (...) {
    std::string message = "the result of ";
    message.append(job.function().name).append(" cannot be read: ");
    return Failure(EncodingError(message + Failure::current().message()));
  }
}

}  // namespace

// Whether the function of a job that is to fail was certainly never entered, by this worker or by
// one before.
bool PoolCore::neverRan(const JobEntry& entry) {
  const JobState* const state = entry.state.get();
  if (state == nullptr) return true;
  if (state->mayHaveRun) return false;
  return state->worker == nullptr || !state->worker->jobBegun(entry.id());
}

void PoolCore::submit(Ref<Job> job) {
  if (inherited()) return job->refuse(*enter("deferToProcess"));
  if (auto reason = refusal(*job)) return refuse(std::move(job), std::move(*reason));
  enqueue(std::move(job));
  started_ = true;
  // Busy workers get theirs when the caller is done: the more there are by then, the fewer calls.
  if (roster_.idle() > 0) dispatch(reactor_.now() + kSlice);
  fill();
  finishPendingSoon();
}

void PoolCore::refuse(Ref<Job> job, Failure reason) {
  reason = reason.neverRun();
  ledger_.enter(Column::failed);
  reporter_.refused(*job, reason);
  settlements_.fail(std::move(job), std::move(reason));
  finishPendingSoon();
}

std::optional<Failure> PoolCore::refusal(const Job& job) {
  try {
    return objection(job);
  } catch (...) {
    return argumentFailure(Failure::current());
  }
}

// Throws when the arguments cannot even be measured.
std::optional<Failure> PoolCore::objection(const Job& job) {
  if (const Failure* fault = job.fault()) return *fault;
  if (stopping_) return Failure(PoolStopped("pool " + options_.name + " has been stopped"));
  if (startBlocked()) return Failure(StartupFailed(*staffing_.startupFailure()));
  if (!hasRoom()) {
    return Failure(QueueFull("the queue of pool " + options_.name + " is full: " +
                             std::to_string(schedule_.queue().size()) + " jobs wait"));
  }
  // Those that are written aside are measured there.
  const auto words = job.writtenAside() ? 0 : job.argumentWords();
  const auto bytes = words * sizeof(capnp::word) + kEnvelopeBytes;
  if (bytes > options_.maxMessageBytes) {
    return Failure(EncodingError("the arguments need about " + std::to_string(bytes) +
                                 " bytes; the pool's limit for a message is " +
                                 std::to_string(options_.maxMessageBytes)));
  }
  const auto& deadline = job.options().deadline;
  if (deadline && *deadline <= clock_.now()) {
    return Failure(DeadlineExceeded("the deadline had passed when the job was submitted"));
  }
  return std::nullopt;
}

void PoolCore::enqueue(Ref<Job> job) {
  const auto id = job->id;
  const JobOptions& options = job->options();
  ledger_.enter(Column::queued);
  JobEntry& entry = jobs_.add(std::move(job));
  schedule_.queue().pushBack(entry, options.priority);
  if (const auto& deadline = options.deadline) {
    jobs_.stateOf(entry).deadline =
        clock_.callLater(saturatingSubtract(*deadline, clock_.now()), [this, id] { expire(id); });
  }
  entry.queued = reactor_.now();
  reporter_.job(&PoolObserver::jobQueued, entry);
}

bool PoolCore::cancel(std::uint64_t id) {
  if (inherited()) return true;
  JobEntry* const entry = jobs_.find(id);
  if (entry == nullptr) return true;
  PoolWorker* const worker = entry->worker();
  if (worker != nullptr && !worker->takeBack(id)) askToGiveUp(*entry, DeathCause::cancel);
  const bool mayHaveRun = !neverRan(*entry);
  take(*entry, Column::cancelled);
  finishPendingSoon();
  return mayHaveRun;
}

Ref<Job> PoolCore::take(JobEntry& entry, Column to, const Failure* failure) {
  Column from = Column::queued;
  if (entry.state) {
    JobState& state = *entry.state;
    state.deadline.cancel();
    state.timeout.cancel();
    state.softTimeout.cancel();
    state.pause.cancel();
    if (state.worker != nullptr) from = Column::running;
  }
  if (entry.place.is_linked()) {
    schedule_.queue().remove(entry, entry.job->options().priority);
  } else if (from == Column::queued) {
    paused_.erase(entry.id());
  }
  ledger_.move(from, to);
  reporter_.settled(entry, outcomeOf(to), failure);
  auto job = entry.job;
  jobs_.erase(entry);
  return job;
}

void PoolCore::failJob(JobEntry& entry, Failure failure) {
  if (failure.mayHaveRun() && neverRan(entry)) failure = failure.neverRun();
  failWith(entry, std::move(failure));
}

void PoolCore::failWith(JobEntry& entry, Failure failure) {
  auto job = take(entry, Column::failed, &failure);
  settlements_.fail(std::move(job), std::move(failure));
}

// A result that has arrived counts, however long it takes to read it.
std::unique_ptr<ResultReading> PoolCore::jobArrived(schema::JobResult::Reader result) {
  JobEntry* const entry = jobs_.find(result.getId());
  if (entry == nullptr || !result.isValue() || result.getFiles() > 0) return nullptr;
  std::unique_ptr<ResultReading> reading;
  try {
    reading = entry->job->beginReading(result.getValue());
  } catch (...) {  // readResult() will meet and report it
  }
  if (reading) {
    JobState& state = *entry->state;
    for (auto* timer : {&state.deadline, &state.timeout, &state.softTimeout}) timer->cancel();
  }
  return reading;
}

void PoolCore::finishJob(JobEntry& entry, const JobAnswer& answer) {
  noteTimes(entry, answer.result);
  if (auto failure = readResult(*entry.job, answer)) {
    return failWith(entry, std::move(*failure));  // it says itself whether the function was entered
  }
  settlements_.succeed(take(entry, Column::succeeded));
}

// The worker's account of its time is believed where it fits into what the pool saw itself.
void PoolCore::noteTimes(JobEntry& entry, schema::JobResult::Reader result) {
  const TimePoint started{Duration(result.getStartedNanoseconds())};
  const Duration run(result.getRunNanoseconds());
  JobTimes& times = entry.state->times;
  if (started < *times.dispatched || run < Duration::zero()) return;
  const auto isPast = [&] { return started <= seenTime_ && run <= seenTime_ - started; };
  if (!isPast()) {
    seenTime_ = reactor_.now();
    if (!isPast()) return;
  }
  times.started = started;
  times.finished = started + run;
  runTime_.add(run);
  schedule_.noteRun(entry.job->function(), run);
}

// Whether it was running when its worker died.
bool PoolCore::isBlamed(const JobEntry& entry, const DeathCertificate& death) {
  return entry.id() == death.job && death.begun == DeathCertificate::Begun::yes;
}

// Of the jobs that a dead worker held, one ran or was to be next; the others only waited. One that
// had ended, and whose result cannot be had, counts as if its worker had died before it.
void PoolCore::judgeJobs(const PoolWorker& worker, const DeathCertificate& death) {
  const auto held = worker.heldJobs();
  for (auto id = held.rbegin(); id != held.rend(); ++id) {
    JobEntry* const entry = jobs_.find(*id);
    if (entry == nullptr) continue;
    if (*id == death.job || worker.jobBegun(*id)) {
      judgeJob(*entry, death);
    } else if (death.cause == DeathCause::shutdown || !queueIsOpen()) {
      failJob(*entry, stoppedWhileRunning());
    } else {
      ++reruns_;
      reporter_.requeued(*entry, death);
      requeue(*entry);
    }
  }
}

void PoolCore::judgeJob(JobEntry& entry, const DeathCertificate& death) {
  JobTimes& times = entry.state->times;
  if (const auto delay = entry.worker()->startDelay(entry.id())) {
    times.started = *times.dispatched + *delay;
  }
  const JobOptions& options = entry.job->options();
  const auto at = isBlamed(entry, death) ? AtDeath::running : AtDeath::onItsWay;
  auto verdict = judge(death, at, {options.rerun, options.maxAttempts},
                       queueIsOpen() ? QueueMode::open : QueueMode::closed, entry.state->strikes);
  using Fate = Verdict::Fate;
  if (verdict.fate == Fate::fails) return failJob(entry, std::move(*verdict.failure));
  if (verdict.fate == Fate::stops) return failJob(entry, stoppedWhileRunning());
  ++reruns_;
  reporter_.requeued(entry, death);
  if (verdict.fate == Fate::runsAgain) return requeue(entry);
  leaveWorker(entry);
  runAgainLater(entry);
}

void PoolCore::leaveWorker(JobEntry& entry) {
  JobState& state = *entry.state;
  if (state.worker->jobBegun(entry.id())) state.mayHaveRun = true;
  state.timeout.cancel();
  state.softTimeout.cancel();
  state.worker = nullptr;
  ledger_.move(Column::running, Column::queued);
  state.times.started.reset();
}

// Back to the head of the queue, unless that is closed.
void PoolCore::requeue(JobEntry& entry) {
  if (!queueIsOpen()) return failJob(entry, stoppedWhileRunning());
  leaveWorker(entry);
  schedule_.queue().pushFront(entry, entry.job->options().priority);
}

Failure PoolCore::stoppedWhileRunning() const {
  return Failure(PoolStopped("pool " + options_.name + " was stopped while the job was running"));
}

void PoolCore::runAgainLater(JobEntry& entry) {
  const auto id = entry.id();
  const Duration pause = pauseBeforeRerun(entry.state->strikes.deaths.size(), random_);
  paused_.insert(id);
  entry.state->pause = clock_.callLater(pause, [this, id] {
    endPause(jobs_.at(id));
    finishPending();
  });
}

void PoolCore::endPause(JobEntry& entry) {
  entry.state->pause.cancel();
  paused_.erase(entry.id());
  schedule_.queue().pushFront(entry, entry.job->options().priority);
}

// From here on no job leaves the queue but to fail, and none comes in.
void PoolCore::condemnQueue(const Failure& failure) {
  while (!paused_.empty()) endPause(jobs_.at(*paused_.begin()));
  if (!schedule_.queue().empty() && !condemned_) condemned_ = failure;
}

void PoolCore::failCondemned() {
  // About a tenth of a millisecond of bookkeeping; more of it only when its callers have been told.
  constexpr int kAtOnce = 512;
  if (!condemned_ || !settlements_.empty()) return;
  // Both made once: most have not run, and a copy for each would cost more than failing it.
  const Failure failure = *condemned_;
  const Failure ofUnrun = failure.neverRun();
  for (int i = 0; i < kAtOnce && !schedule_.queue().empty(); ++i) {
    JobEntry& entry = schedule_.queue().front();
    failWith(entry, neverRan(entry) ? ofUnrun : failure);
  }
  if (schedule_.queue().empty()) condemned_.reset();
}

}  // namespace phial::detail
