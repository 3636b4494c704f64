#include "master/testing/test_pool_core.h"

#include <phial/master/detail/item_stream.h>
#include <phial/master/errors.h>
#include <phial/protocol/saturating_time.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace phial::inline v1::testing {

using detail::Job;
using detail::Ref;

TestPool::Core::Core(Clock& clock, TestPoolOptions options)
    : clock_(clock),
      options_(options),
      log_(std::make_shared<detail::PoolLog>("test", LogFunction())),
      observers_(log_) {
  if (options.workers == 0) throw std::invalid_argument("TestPoolOptions: workers is 0");
  functions_.add(linkedFunctions());
}

std::vector<PendingJob> TestPool::Core::jobs() const {
  std::vector<PendingJob> all;
  for (const auto& [place, entry] : jobs_) {
    const Job& job = *entry.job;
    all.push_back({job.id, std::string(job.function().name), job.label(), job.options().priority});
  }
  return all;
}

// --- A job's way in ---

void TestPool::Core::submit(Ref<Job> job) {
  if (auto reason = objection(*job)) return refuse(std::move(job), std::move(*reason));
  const std::uint64_t id = job->id;
  const JobOptions& options = job->options();
  ledger_.enter(Column::queued);
  const Place place(-options.priority, ++lastPlace_);
  Entry& entry = jobs_.emplace(place, Entry{std::move(job), clock_.now(), {}, 0, {}}).first->second;
  if (const auto& deadline = options.deadline) {
    entry.deadline = clock_.callLater(detail::saturatingSubtract(*deadline, clock_.now()),
                                      [this, id] { expire(id); });
  }
  tell(JobEvent::Kind::queued, entry);
}

std::optional<Failure> TestPool::Core::objection(const Job& job) const {
  if (const Failure* fault = job.fault()) return *fault;
  if (stopping_) return Failure(PoolStopped("the test's pool has been stopped"));
  if (!hasRoom()) {
    return Failure(QueueFull(
        "the queue of the test's pool is full: " + std::to_string(jobs_.size()) + " jobs wait"));
  }
  const auto& deadline = job.options().deadline;
  if (deadline && *deadline <= clock_.now()) {
    return Failure(DeadlineExceeded("the deadline had passed when the job was submitted"));
  }
  return std::nullopt;
}

void TestPool::Core::refuse(Ref<Job> job, Failure reason) {
  ledger_.enter(Column::failed);
  reason = reason.neverRun();
  settle({job, clock_.now(), 0}, Column::failed, reason);
  settlements_.fail(std::move(job), std::move(reason));
}

std::shared_ptr<std::byte> TestPool::Core::takeMemory(std::size_t bytes) {
  auto block = std::make_shared_for_overwrite<std::byte[]>(bytes);
  return {block, block.get()};
}

// --- Its end ---

TestPool::Core::Entry TestPool::Core::remove(std::map<Place, Entry>::iterator place) {
  Entry entry = std::move(place->second);
  jobs_.erase(place);
  return entry;
}

TestPool::Core::Entry TestPool::Core::takeNext() {
  if (jobs_.empty()) throw std::logic_error("TestPool: no job is pending");
  Entry entry = remove(jobs_.begin());
  ++entry.attempts;
  ledger_.move(Column::queued, Column::running);
  running_.emplace(entry.job->id, told(entry));
  tell(JobEvent::Kind::dispatched, entry);
  return entry;
}

// Of the job that takeNext() returned. Without a failure it has accepted its result.
void TestPool::Core::finish(Entry entry, std::optional<Failure> failure) {
  entry.deadline.cancel();
  if (running_.erase(entry.job->id) == 0) return;  // its function's own reports had it cancelled
  const Column column = failure ? Column::failed : Column::succeeded;
  ledger_.move(Column::running, column);
  settle(told(entry), column, failure);
  if (failure) {
    settlements_.fail(std::move(entry.job), std::move(*failure));
  } else {
    settlements_.succeed(std::move(entry.job));
  }
}

// Ends a job that was never run.
void TestPool::Core::give(Entry entry, Failure failure) {
  entry.deadline.cancel();
  failure = failure.neverRun();
  ledger_.move(Column::queued, Column::failed);
  settle(told(entry), Column::failed, failure);
  settlements_.fail(std::move(entry.job), std::move(failure));
}

void TestPool::Core::settle(const Told& told, Column column,
                            const std::optional<Failure>& failure) {
  deliverSoon();
  if (!observers_.want(JobEvent::Kind::settled)) return;
  const JobOutcome outcome = column == Column::succeeded ? JobOutcome::succeeded
                             : column == Column::failed  ? JobOutcome::failed
                                                         : JobOutcome::cancelled;
  const auto batch = event(JobEvent::Kind::settled, told, outcome, clock_.now());
  if (failure) batch->fail(*failure);
  settlements_.notify(batch);
}

Ref<detail::EventBatch> TestPool::Core::event(JobEvent::Kind kind, const Told& told,
                                              JobOutcome outcome,
                                              std::optional<TimePoint> settled) {
  Ref<detail::EventBatch> batch(new detail::EventBatch(observers_.list(), observers_.log(),
                                                       std::make_shared<detail::EventMemory>()));
  JobEvent& event = batch->add(kind, told.job);
  event.attempts = told.attempts;
  event.times.queued = told.queued;
  event.times.settled = settled;
  event.outcome = outcome;
  return batch;
}

bool TestPool::Core::cancel(std::uint64_t id) {
  if (const auto place = find(id); place != jobs_.end()) {
    Entry entry = remove(place);
    entry.deadline.cancel();
    ledger_.move(Column::queued, Column::cancelled);
    settle(told(entry), Column::cancelled, std::nullopt);
    return false;
  }
  if (const auto running = running_.find(id); running != running_.end()) {
    ledger_.move(Column::running, Column::cancelled);
    settle(running->second, Column::cancelled, std::nullopt);
    running_.erase(running);
  }
  return true;
}

std::map<TestPool::Core::Place, TestPool::Core::Entry>::iterator TestPool::Core::find(
    std::uint64_t id) {
  return std::find_if(jobs_.begin(), jobs_.end(),
                      [id](const auto& job) { return job.second.job->id == id; });
}

void TestPool::Core::expire(std::uint64_t id) {
  const auto place = find(id);
  if (place == jobs_.end()) return;
  give(remove(place), Failure(DeadlineExceeded("the deadline passed before the job had ended")));
  deliver();
}

void TestPool::Core::failNext(Failure failure) {
  Entry entry = takeNext();
  finish(std::move(entry), asReported(std::move(failure)));
}

void TestPool::Core::killNext(DeathCertificate death) {
  Entry entry = takeNext();
  const Job& job = *entry.job;
  death.worker = ++deaths_;
  if (death.pid == 0) death.pid = ::getpid();
  death.job = job.id;
  death.function = job.function().name;
  death.label = job.label();
  death.begun = DeathCertificate::Begun::yes;
  death.phase = Phase::running;
  if (observers_.any()) {
    settlements_.notify(observers_.telling(&PoolObserver::workerDied, death));
  }
  const bool emitted = job.stream() != nullptr && job.stream()->anyArrived();
  const Rerun rerun = emitted ? Rerun::never : job.options().rerun;
  const detail::RerunRule rule{rerun, job.options().maxAttempts};
  auto verdict =
      detail::judge(death, detail::AtDeath::running, rule,
                    stopping_ ? detail::QueueMode::closed : detail::QueueMode::open, entry.strikes);
  using Fate = detail::Verdict::Fate;
  switch (verdict.fate) {
    case Fate::fails:
      return finish(std::move(entry), std::move(verdict.failure));
    case Fate::stops:
      return finish(std::move(entry), Failure(PoolStopped("the test's pool was stopped")));
    case Fate::runsAgain:
    case Fate::runsAgainAfterPause:
      break;
  }
  ++reruns_;
  ledger_.move(Column::running, Column::queued);
  running_.erase(job.id);
  if (observers_.any()) {
    settlements_.notify(observers_.telling(&PoolObserver::jobRequeued, reportOf(entry), death));
  }
  const Place place(-job.options().priority, --firstPlace_);
  jobs_.emplace(place, std::move(entry));
  deliverSoon();
}

// --- The pool as a whole ---

Deferred<void> TestPool::Core::soon() {
  auto made = newDeferred<void>();
  settlements_.succeed(std::move(made.resolver));
  deliverSoon();
  return std::move(made.deferred);
}

Deferred<void> TestPool::Core::start() {
  if (!stopping_) return soon();
  return fail<void>(PoolStopped("the test's pool has been stopped"));
}

Deferred<void> TestPool::Core::whenBelow(std::size_t jobs) {
  if (jobs == 0) throw std::invalid_argument("whenBelow: fewer than 0 jobs are never queued");
  if (stopping_) return fail<void>(PoolStopped("the test's pool has been stopped"));
  if (jobs_.size() < jobs) return succeed();
  return waiters_.wait(jobs);
}

Deferred<void> TestPool::Core::stop(StopOptions options) {
  auto made = newDeferred<void>();
  stoppers_.push_back(std::move(made.resolver));
  stopping_ = true;
  const Failure stopped{PoolStopped("the test's pool was stopped")};
  waiters_.failAll(stopped, settlements_);
  if (!options.drainQueue) failAll(stopped);
  if (options.within) {
    stopTimer_.cancel();
    stopTimer_ = clock_.callLater(*options.within, [this, stopped] {
      failAll(stopped);
      deliver();
    });
  }
  deliverSoon();
  return std::move(made.deferred);
}

void TestPool::Core::failAll(const Failure& reason) {
  while (!jobs_.empty()) give(remove(jobs_.begin()), reason);
}

PoolStats TestPool::Core::stats() const {
  PoolStats stats;
  stats.submitted = ledger_.submitted();
  stats.succeeded = ledger_[Column::succeeded];
  stats.failed = ledger_[Column::failed];
  stats.cancelled = ledger_[Column::cancelled];
  stats.queued = ledger_[Column::queued];
  stats.running = ledger_[Column::running];
  stats.rerun = reruns_;
  stats.deaths = deaths_;
  stats.spawned = options_.workers + deaths_;
  for (const auto& [place, entry] : jobs_) {
    stats.oldestQueued = detail::earlier(stats.oldestQueued, entry.queued);
  }
  stats.workers = stats.idle = options_.workers;
  return stats;
}

void TestPool::Core::deliverSoon() {
  if (deliverTimer_.active()) return;
  deliverTimer_ = clock_.callLater(Duration::zero(), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->deliver();
  });
}

void TestPool::Core::deliver() {
  const auto self = shared_from_this();
  for (;;) {
    if (!settlements_.empty()) {
      settlements_.deliverNext();
    } else if (stopping_ && jobs_.empty() && !stoppers_.empty()) {
      stopTimer_.cancel();
      for (auto& stopper : std::exchange(stoppers_, {})) settlements_.succeed(std::move(stopper));
    } else if (!waiters_.deliverNext(jobs_.size())) {
      break;
    }
  }
  deliverTimer_.cancel();
}

void TestPool::Core::close() {
  if (closed_) return;
  closed_ = stopping_ = true;
  const Failure stopped{PoolStopped("the test's pool was destroyed")};
  waiters_.failAll(stopped, settlements_);
  failAll(stopped);
  if (observers_.any()) settlements_.notify(observers_.telling(&PoolObserver::poolEnded, stats()));
  deliver();
  deliverTimer_.cancel();
  stopTimer_.cancel();
}

JobReport TestPool::Core::reportOf(const Entry& entry) const {
  JobReport report = detail::reportOf(*entry.job);
  report.attempts = entry.attempts;
  report.times.queued = entry.queued;
  return report;
}

void TestPool::Core::tell(JobEvent::Kind kind, const Entry& entry) {
  if (!observers_.want(kind)) return;
  settlements_.notify(event(kind, told(entry)));
  deliverSoon();
}

}  // namespace phial::inline v1::testing
