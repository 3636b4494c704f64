// The jobs' side of the pool: from submission to the verdict.
#include <phial/master/errors.h>
#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/failure_codec.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>

#include "master/pool/pool_core.h"

namespace phial::detail {
namespace {

// The RPC system's own part of a message, and the Job around the arguments.
constexpr std::uint64_t kEnvelopeBytes = 1024;
// Workers in a row that may die with a job on its way to them; then it may be the job that kills
// them, before they can say that they have it.
constexpr unsigned kMaxMisses = 10;
constexpr const char* kNotGivenUp = "its job did not give up";

// How long a job waits before it runs again after it has killed a worker, and after many.
constexpr Duration kFirstRest = std::chrono::milliseconds(10);
constexpr Duration kLongestRest = std::chrono::seconds(1);

std::string seconds(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", std::chrono::duration<double>(duration).count());
  return text;
}

// Arguments that cannot be written are the caller's affair, whatever found it out.
Failure encodingFailure() {
  Failure cause = Failure::current();
  if (cause.check<Error>()) return cause;
  return Failure(EncodingError("the arguments cannot be written: " + cause.message()));
}

std::optional<Failure> readResult(Job& job, schema::JobResult::Reader result, FileLane& files) {
  try {
    if (result.isFailure()) return decodeFailure(result.getFailure());
    if (!result.isValue()) return Failure(EncodingError("the result is of an unknown kind"));
    const IncomingFiles enclosed(files.receive(result.getId(), result.getFiles()));
    job.accept(result.getValue());
    return std::nullopt;
  } catch (...) {
    Failure cause = Failure::current();
    if (cause.check<EncodingError>()) return cause;
    return Failure(EncodingError("the result cannot be read: " + cause.message()));
  }
}

}  // namespace

void PoolCore::submit(std::unique_ptr<Job> job) {
  if (auto refused = refusal(*job)) {
    ledger_.enter(Column::failed);
    observeRefused(*job, *refused);
    if (!settlements_.empty()) proceedSoon();
    job->fail(std::move(*refused));
    return;
  }
  enqueue(std::move(job));
  started_ = true;
  pump(reactor_.now() + kSlice);
  fill();
  proceedSoon();
}

std::optional<Failure> PoolCore::refusal(const Job& job) {
  try {
    return objection(job);
  } catch (...) {
    return encodingFailure();
  }
}

// Throws when the arguments cannot even be measured.
std::optional<Failure> PoolCore::objection(const Job& job) {
  if (stopping_) return Failure(PoolStopped("pool " + options_.name + " has been stopped"));
  if (startBlocked()) return Failure(StartupFailed(*startupFailure_));
  if (options_.maxQueue != 0 && queue_.size() >= options_.maxQueue &&
      (!workers_.anyIdle() || tooManyBusy())) {
    return Failure(QueueFull("the queue of pool " + options_.name +
                             " is full: " + std::to_string(queue_.size()) + " jobs wait"));
  }
  const auto bytes = job.argumentWords() * sizeof(capnp::word) + kEnvelopeBytes;
  if (bytes > options_.maxMessageBytes) {
    return Failure(EncodingError("the arguments need about " + std::to_string(bytes) +
                                 " bytes; the pool's limit for a message is " +
                                 std::to_string(options_.maxMessageBytes)));
  }
  if (job.options.deadline && *job.options.deadline <= clock_.now()) {
    return Failure(DeadlineExceeded("the deadline had passed when the job was submitted"));
  }
  return std::nullopt;
}

void PoolCore::enqueue(std::unique_ptr<Job> job) {
  const auto id = job->id;
  ledger_.enter(Column::queued);
  Entry& entry = entries_.emplace_hint(entries_.end(), id, Entry{})->second;
  entry.place = queue_.pushBack(id, job->options.priority);
  if (const auto& deadline = job->options.deadline) {
    entry.deadline = clock_.callLater(*deadline - clock_.now(), [this, id] { expire(id); });
  }
  entry.times.queued = reactor_.now();
  entry.job = std::move(job);
  observeJob(&PoolObserver::jobQueued, entry);
}

// A worker takes one job, but one that cannot be written takes none: without `end` a queue of them
// would be failed in one go.
void PoolCore::pump(TimePoint end) {
  while (canDispatch() && reactor_.now() < end) {
    const auto entry = entries_.find(queue_.front());
    WorkerProcess& worker = workers_.takeIdle();
    try {
      dispatch(worker, entry->second);
    } catch (...) {
      workers_.becameIdle(worker, clock_.now());
      failJob(entry, encodingFailure());
    }
  }
}

void PoolCore::dispatch(WorkerProcess& worker, Entry& entry) {
  Job& job = *entry.job;
  worker.run(job, worker.find(job.function()));
  queue_.remove(entry.place, job.options.priority);
  ledger_.move(Column::queued, Column::running);
  entry.worker = &worker;
  entry.workerNumber = worker.number();
  ++entry.attempts;
  entry.sentAt = clock_.now();
  noteDispatch(worker);
  entry.times.dispatched = reactor_.now();
  if (entry.attempts == 1) queueWait_.add(*entry.times.dispatched - entry.times.queued);
  observeJob(&PoolObserver::jobDispatched, entry);
  const auto timeout = job.options.timeout ? job.options.timeout : options_.timeout;
  const auto soft = job.options.softTimeout;
  if (timeout) watchTime(job.id, Limit::hard, *timeout, *timeout);
  if (soft) watchTime(job.id, Limit::soft, *soft, *soft);
}

void PoolCore::watchTime(std::uint64_t id, Limit limit, Duration timeout, Duration delay) {
  Entry& entry = entries_.at(id);
  (limit == Limit::soft ? entry.softTimeout : entry.timeout) =
      clock_.callLater(delay, [this, id, limit, timeout] { checkTime(id, limit, timeout); });
}

// Running time counts from the moment the function was entered, which the control page tells; as
// long as the job is under way it stands still.
void PoolCore::checkTime(std::uint64_t id, Limit limit, Duration timeout) {
  Entry& entry = entries_.at(id);
  const auto startDelay = entry.worker->startDelay();
  if (!startDelay && !entry.worker->jobBegun()) return watchTime(id, limit, timeout, timeout);
  // Reading its arguments is not running, but must not go on for ever either.
  if (!startDelay && !entry.begunBefore) entry.begunBefore = clock_.now();
  const TimePoint start = startDelay ? entry.sentAt + *startDelay : *entry.begunBefore;
  const Duration left = start + timeout - clock_.now();
  if (left > Duration::zero()) return watchTime(id, limit, timeout, left);
  // What has returned in time has kept to it, also when something held up the loop meanwhile.
  if (entry.worker->jobReturned() &&
      std::exchange(entry.answer, Entry::Answer::late) == Entry::Answer::due) {
    return watchTime(id, limit, timeout, options_.grace);
  }
  timeIsUp(*entry.worker, limit, timeout);
}

void PoolCore::timeIsUp(WorkerProcess& worker, Limit limit, Duration timeout) {
  if (limit == Limit::hard) {
    worker.end(DeathCause::timeout, options_.timeoutSignal,
               "its job ran longer than " + seconds(timeout));
  } else {
    worker.giveUp(DeathCause::softTimeout, "its job did not give up within " +
                                               seconds(options_.grace) +
                                               " of its soft timeout of " + seconds(timeout));
  }
}

void PoolCore::expire(std::uint64_t id) {
  const auto entry = entries_.find(id);
  WorkerProcess* const worker = entry->second.worker;
  const bool running = worker != nullptr && !worker->takeBack();
  if (running) worker->giveUp(DeathCause::deadline, kNotGivenUp);
  failJob(entry,
          Failure(DeadlineExceeded(running ? "the deadline passed while the job was running"
                                           : "the deadline passed before the job was begun")));
  proceed();
}

void PoolCore::cancel(std::uint64_t id) {
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return;
  WorkerProcess* const worker = entry->second.worker;
  if (worker != nullptr && !worker->takeBack()) worker->giveUp(DeathCause::cancel, kNotGivenUp);
  take(entry, Column::cancelled);
  proceedSoon();
}

std::unique_ptr<Job> PoolCore::take(Entries::iterator it, Column to, const Failure* failure) {
  Entry entry = std::move(it->second);
  entries_.erase(it);
  entry.deadline.cancel();
  entry.timeout.cancel();
  entry.softTimeout.cancel();
  entry.rest.cancel();
  if (entry.worker == nullptr) {
    const bool rested = resting_.erase(entry.job->id) > 0;
    if (!rested) queue_.remove(entry.place, entry.job->options.priority);
    ledger_.move(Column::queued, to);
  } else {
    ledger_.move(Column::running, to);
  }
  observeSettled(entry, to, failure);
  return std::move(entry.job);
}

void PoolCore::failJob(Entries::iterator entry, Failure failure) {
  auto job = take(entry, Column::failed, &failure);
  settlements_.fail(std::move(job), std::move(failure));
}

void PoolCore::finishJob(Entries::iterator entry, schema::JobResult::Reader result) {
  noteTimes(entry->second, result);
  if (auto failure = readResult(*entry->second.job, result, entry->second.worker->files())) {
    return failJob(entry, std::move(*failure));
  }
  settlements_.succeed(take(entry, Column::succeeded));
}

// The worker's account of its time is believed where it fits into what the pool saw itself.
void PoolCore::noteTimes(Entry& entry, schema::JobResult::Reader result) {
  const TimePoint started{Duration(result.getStartedNanoseconds())};
  const Duration run(result.getRunNanoseconds());
  const TimePoint now = reactor_.now();
  if (started < *entry.times.dispatched || started > now) return;
  if (run < Duration::zero() || run > now - started) return;
  entry.times.started = started;
  entry.times.finished = started + run;
  runTime_.add(run);
}

void PoolCore::judgeJob(Entries::iterator it, const DeathCertificate& death) {
  Entry& entry = it->second;
  if (const auto delay = entry.worker->startDelay()) {
    entry.times.started = *entry.times.dispatched + *delay;
  }
  if (auto failure = verdict(entry, death)) return failJob(it, std::move(*failure));
  entry.timeout.cancel();
  entry.softTimeout.cancel();
  entry.worker = nullptr;
  ledger_.move(Column::running, Column::queued);
  ++reruns_;
  observeRequeued(entry, death);
  entry.times.started.reset();
  entry.begunBefore.reset();
  if (death.begun == DeathCertificate::Begun::yes) return restBeforeRerun(entry);
  entry.place = queue_.pushFront(entry.job->id, entry.job->options.priority);
}

// A job that has killed its worker may do so again: each time it waits for longer.
void PoolCore::restBeforeRerun(Entry& entry) {
  Duration pause = kFirstRest;
  for (std::size_t i = 1; i < entry.deaths.size() && pause < kLongestRest; ++i) pause *= 2;
  pause = std::min(pause, kLongestRest);
  std::uniform_int_distribution<std::int64_t> jitter(pause.count() / 2, pause.count());
  const auto id = entry.job->id;
  resting_.insert(id);
  entry.rest = clock_.callLater(Duration(jitter(random_)), [this, id] {
    endRest(entries_.at(id));
    proceed();
  });
}

void PoolCore::endRest(Entry& entry) {
  entry.rest.cancel();
  resting_.erase(entry.job->id);
  entry.place = queue_.pushFront(entry.job->id, entry.job->options.priority);
}

std::optional<Failure> PoolCore::verdict(Entry& entry, const DeathCertificate& death) {
  const bool begun = death.begun == DeathCertificate::Begun::yes;
  const bool queueIsOpen = !stopping_ || drainQueue_;
  const JobOptions& options = entry.job->options;
  if (death.cause == DeathCause::shutdown || (!begun && !queueIsOpen)) {
    return Failure(PoolStopped("pool " + options_.name + " was stopped while the job was running"));
  }
  if (!begun) {
    if (++entry.misses < kMaxMisses) return std::nullopt;
    return Failure(WorkerDied(death));
  }
  if (death.cause == DeathCause::timeout) {
    return Failure(JobTimedOut("the job timed out: " + death.describe(), death));
  }
  if (death.cause == DeathCause::softTimeout) return Failure(SoftTimeoutExceeded(death));
  if (options.rerun == Rerun::always) {
    entry.deaths.push_back(death);
    if (entry.deaths.size() >= options.maxAttempts) return Failure(PoisonJob(entry.deaths));
    if (queueIsOpen) return std::nullopt;
  }
  if (death.cause == DeathCause::protocol) return Failure(ProtocolError(death.describe()));
  return Failure(WorkerDied(death));
}

// From here on no job leaves the queue but to fail, and none comes in.
void PoolCore::condemnQueue(const Failure& failure) {
  while (!resting_.empty()) endRest(entries_.at(*resting_.begin()));
  if (!queue_.empty() && !condemned_) condemned_ = failure;
}

void PoolCore::failCondemned() {
  // About a tenth of a millisecond of bookkeeping; more of it only when its callers have been told.
  constexpr int kAtOnce = 512;
  if (!condemned_ || !settlements_.empty()) return;
  const Failure failure = *condemned_;
  for (int i = 0; i < kAtOnce && !queue_.empty(); ++i) {
    failJob(entries_.find(queue_.front()), failure);
  }
  if (queue_.empty()) condemned_.reset();
}

}  // namespace phial::detail
