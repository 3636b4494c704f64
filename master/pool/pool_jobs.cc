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

std::optional<Failure> readResult(Job& job, schema::JobResult::Reader result,
                                  ResultReading* reading, FileLane& files) {
  try {
    if (reading != nullptr) {
      job.acceptRead(*reading);
      return std::nullopt;
    }
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

// Arguments that cannot be written are the caller's affair, whatever found it out.
Failure PoolCore::argumentFailure(Failure cause) {
  if (cause.check<Error>()) return cause;
  return Failure(EncodingError("the arguments cannot be written: " + cause.message()));
}

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
  // Busy workers get theirs when the caller is done: the more there are by then, the fewer calls.
  if (workers_.anyIdle()) pump(reactor_.now() + kSlice);
  fill();
  proceedSoon();
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
  if (stopping_) return Failure(PoolStopped("pool " + options_.name + " has been stopped"));
  if (startBlocked()) return Failure(StartupFailed(*startupFailure_));
  if (!hasRoom()) {
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

void PoolCore::watchTime(std::uint64_t id, Limit limit, Duration timeout, Duration delay) {
  Entry& entry = entries_.at(id);
  (limit == Limit::soft ? entry.softTimeout : entry.timeout) =
      clock_.callLater(delay, [this, id, limit, timeout] { checkTime(id, limit, timeout); });
}

// Running time counts from the moment the function was entered, which the control page tells; as
// long as the job is under way it stands still.
void PoolCore::checkTime(std::uint64_t id, Limit limit, Duration timeout) {
  Entry& entry = entries_.at(id);
  const auto startDelay = entry.worker->startDelay(id);
  if (!startDelay && !entry.worker->jobBegun(id)) return watchTime(id, limit, timeout, timeout);
  // Reading its arguments is not running, but must not go on for ever either.
  if (!startDelay && !entry.begunBefore) entry.begunBefore = clock_.now();
  const TimePoint start = startDelay ? entry.sentAt + *startDelay : *entry.begunBefore;
  const Duration left = start + timeout - clock_.now();
  if (left > Duration::zero()) return watchTime(id, limit, timeout, left);
  // What has returned in time has kept to it, also when something held up the loop meanwhile.
  if (entry.worker->jobReturned(id) &&
      std::exchange(entry.answer, Entry::Answer::late) == Entry::Answer::due) {
    return watchTime(id, limit, timeout, options_.grace);
  }
  timeIsUp(*entry.worker, id, limit, timeout);
}

void PoolCore::timeIsUp(WorkerProcess& worker, std::uint64_t job, Limit limit, Duration timeout) {
  if (limit == Limit::hard) {
    worker.timeOut(job, "its job ran longer than " + seconds(timeout));
  } else {
    worker.giveUp(job, DeathCause::softTimeout,
                  "its job did not give up within " + seconds(options_.grace) +
                      " of its soft timeout of " + seconds(timeout));
  }
}

void PoolCore::expire(std::uint64_t id) {
  const auto entry = entries_.find(id);
  WorkerProcess* const worker = entry->second.worker;
  const bool running = worker != nullptr && !worker->takeBack(id);
  if (running) worker->giveUp(id, DeathCause::deadline, kNotGivenUp);
  failJob(entry,
          Failure(DeadlineExceeded(running ? "the deadline passed while the job was running"
                                           : "the deadline passed before the job was begun")));
  proceed();
}

void PoolCore::cancel(std::uint64_t id) {
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return;
  WorkerProcess* const worker = entry->second.worker;
  if (worker != nullptr && !worker->takeBack(id)) {
    worker->giveUp(id, DeathCause::cancel, kNotGivenUp);
  }
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

// A result that has arrived counts, however long it takes to read it.
std::unique_ptr<ResultReading> PoolCore::jobArrived(schema::JobResult::Reader result) {
  const auto entry = entries_.find(result.getId());
  if (entry == entries_.end() || !result.isValue() || result.getFiles() > 0) return nullptr;
  std::unique_ptr<ResultReading> reading;
  try {
    reading = entry->second.job->beginReading(result.getValue());
  } catch (...) {  // readResult() will meet and report it
  }
  if (reading) {
    for (auto* timer :
         {&entry->second.deadline, &entry->second.timeout, &entry->second.softTimeout}) {
      timer->cancel();
    }
  }
  return reading;
}

void PoolCore::finishJob(Entries::iterator entry, schema::JobResult::Reader result,
                         ResultReading* reading) {
  noteTimes(entry->second, result);
  auto& files = entry->second.worker->files();
  if (auto failure = readResult(*entry->second.job, result, reading, files)) {
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
  functionTimes_.note(entry.job->function(), run);
}

// Whether it was running when its worker died.
bool PoolCore::isBlamed(const Entry& entry, const DeathCertificate& death) {
  return entry.job->id == death.job && death.begun == DeathCertificate::Begun::yes;
}

// Of the jobs that a dead worker held, one ran or was to be next; the others only waited. One that
// had ended, and whose result cannot be had, counts as if its worker had died before it.
void PoolCore::judgeJobs(const WorkerProcess& worker, const DeathCertificate& death) {
  if (worker.jobs() == nullptr) return;
  const auto held = worker.jobs()->all();
  for (auto id = held.rbegin(); id != held.rend(); ++id) {
    const auto entry = entries_.find(*id);
    if (entry == entries_.end()) continue;
    if (*id == death.job || worker.jobBegun(*id)) {
      judgeJob(entry, death);
    } else if (death.cause == DeathCause::shutdown || !queueIsOpen()) {
      failJob(entry, stoppedWhileRunning());
    } else {
      ++reruns_;
      observeRequeued(entry->second, death);
      requeue(entry);
    }
  }
}

void PoolCore::judgeJob(Entries::iterator it, const DeathCertificate& death) {
  Entry& entry = it->second;
  if (const auto delay = entry.worker->startDelay(it->first)) {
    entry.times.started = *entry.times.dispatched + *delay;
  }
  if (auto failure = verdict(entry, death)) return failJob(it, std::move(*failure));
  ++reruns_;
  observeRequeued(entry, death);
  if (!isBlamed(entry, death)) return requeue(it);
  leaveWorker(entry);
  restBeforeRerun(entry);
}

void PoolCore::leaveWorker(Entry& entry) {
  entry.timeout.cancel();
  entry.softTimeout.cancel();
  entry.worker = nullptr;
  ledger_.move(Column::running, Column::queued);
  entry.times.started.reset();
  entry.begunBefore.reset();
}

// Back to the head of the queue, unless that is closed.
void PoolCore::requeue(Entries::iterator it) {
  if (!queueIsOpen()) return failJob(it, stoppedWhileRunning());
  Entry& entry = it->second;
  leaveWorker(entry);
  entry.place = queue_.pushFront(entry.job->id, entry.job->options.priority);
}

Failure PoolCore::stoppedWhileRunning() const {
  return Failure(PoolStopped("pool " + options_.name + " was stopped while the job was running"));
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
  const bool begun = isBlamed(entry, death);
  const JobOptions& options = entry.job->options;
  if (death.cause == DeathCause::shutdown || (!begun && !queueIsOpen())) {
    return stoppedWhileRunning();
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
    if (queueIsOpen()) return std::nullopt;
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
