// The jobs' side of the pool: from submission to the verdict.
#include <phial/master/errors.h>
#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/failure_codec.h>
#include <phial/protocol/saturating_time.h>

#include <algorithm>
#include <string>
#include <utility>

#include "master/pool/pool_core.h"

namespace phial::detail {
namespace {

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

// Arguments that cannot be written are the caller's affair, whatever found it out.
Failure PoolCore::argumentFailure(Failure cause) {
  if (cause.check<Error>()) return cause;
  return Failure(EncodingError("the arguments cannot be written: " + cause.message()));
}

void PoolCore::submit(Ref<Job> job) {
  if (auto reason = refusal(*job)) return refuse(std::move(job), std::move(*reason));
  enqueue(std::move(job));
  started_ = true;
  // Busy workers get theirs when the caller is done: the more there are by then, the fewer calls.
  if (roster_.idle() > 0) dispatch(reactor_.now() + PendingWork::kSlice);
  fill();
  pending_.finishSoon();
}

void PoolCore::refuse(Ref<Job> job, Failure reason) {
  books_.refuse(std::move(job), std::move(reason));
  pending_.finishSoon();
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
    return Failure(QueueFull("the queue of pool " + options_.name +
                             " is full: " + std::to_string(books_.queue().size()) + " jobs wait"));
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
  JobEntry& entry = books_.enter(std::move(job), reactor_.now());
  if (const auto& deadline = entry.job->options().deadline) {
    books_.stateOf(entry).deadline =
        clock_.callLater(saturatingSubtract(*deadline, clock_.now()), [this, id] { expire(id); });
  }
}

bool PoolCore::cancel(std::uint64_t id) {
  if (inherited()) return true;
  JobEntry* const entry = books_.find(id);
  if (entry == nullptr) return true;
  PoolWorker* const worker = entry->worker();
  if (worker != nullptr && !worker->takeBack(id)) askToGiveUp(*entry, DeathCause::cancel);
  const bool mayHaveRun = !JobBooks::neverRan(*entry);
  books_.cancel(*entry);
  pending_.finishSoon();
  return mayHaveRun;
}

// A result that has arrived counts, however long it takes to read it.
std::unique_ptr<ResultReading> PoolCore::jobArrived(schema::JobResult::Reader result) {
  JobEntry* const entry = books_.find(result.getId());
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
    return books_.failWith(entry,
                           std::move(*failure));  // it says itself whether the function was entered
  }
  books_.succeed(entry);
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
    JobEntry* const entry = books_.find(*id);
    if (entry == nullptr) continue;
    if (*id == death.job || worker.jobBegun(*id)) {
      judgeJob(*entry, death);
    } else if (death.cause == DeathCause::shutdown || books_.mode() == QueueMode::closed) {
      books_.failStopped(*entry);
    } else {
      ++reruns_;
      reporter_.requeued(*entry, death);
      books_.requeue(*entry);
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
  auto verdict =
      judge(death, at, {options.rerun, options.maxAttempts}, books_.mode(), entry.state->strikes);
  using Fate = Verdict::Fate;
  if (verdict.fate == Fate::fails) return books_.fail(entry, std::move(*verdict.failure));
  if (verdict.fate == Fate::stops) return books_.failStopped(entry);
  ++reruns_;
  reporter_.requeued(entry, death);
  if (verdict.fate == Fate::runsAgain) return books_.requeue(entry);
  runAgainLater(entry);
}

void PoolCore::runAgainLater(JobEntry& entry) {
  const auto id = entry.id();
  const Duration pause = pauseBeforeRerun(entry.state->strikes.deaths.size(), random_);
  books_.pause(entry);
  entry.state->pause = clock_.callLater(pause, [this, id] {
    books_.endPause(books_.at(id));
    finishPending();
  });
}

}  // namespace phial::detail
