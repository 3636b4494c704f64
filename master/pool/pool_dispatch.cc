// Who gets which jobs, and when.
//
// A free worker gets the next job at once. When there are more jobs than free workers and the
// function is known to be short, several travel in one call, and a busy worker gets its next batch
// before it has answered the last. What a worker has not begun can be taken back: from one whose
// job takes longer than expected, and for one that has nothing to do.
#include <algorithm>
#include <utility>

#include "master/pool/pool_core.h"

namespace phial::detail {
namespace {

// Work that travels in one call: enough that the call itself, some 12 us of processor time, hardly
// shows; little enough that the last of a queue is spread over the workers.
constexpr Duration kBatchWork = std::chrono::microseconds(200);
// What a job takes beside its function.
constexpr Duration kLeastJob = std::chrono::nanoseconds(500);
// Arguments that travel together: what a pipe takes at once, and a message that is copied cheaply.
constexpr std::uint64_t kBatchWords = 4096;
// A worker that will be busy for longer needs no job in advance: the way to it, about 0.1 ms, is
// less than a hundredth of that.
constexpr Duration kPrefetchWork = std::chrono::milliseconds(20);
// How often workers that hold more than one job are looked at, and how long a job of a batch of
// short ones may run before those behind it go elsewhere.
constexpr Duration kLookout = std::chrono::milliseconds(1);

}  // namespace

void PoolCore::pump(TimePoint end) {
  while (waiting() > 0) {
    WorkerProcess* const worker = workerForNext();
    if (worker == nullptr) break;
    sendBatch(*worker);
    if (reactor_.now() >= end) break;
  }
  watchHeldJobs();
}

// A free one, or else one that is to get its next batch early.
WorkerProcess* PoolCore::workerForNext() {
  if (workers_.anyIdle() && !tooManyBusy()) return &workers_.latestIdle();
  const auto expected = expectation(queue_.front());
  if (!expected) return nullptr;
  for (const auto& worker : workers_.all()) {
    if (mayPrefetch(*worker, *expected)) return worker.get();
  }
  return nullptr;
}

// How long a job should take; nothing when it had better travel alone.
std::optional<Duration> PoolCore::expectation(const JobEntry& entry) const {
  const JobCourse* const course = entry.course.get();
  const bool suspect = course != nullptr && (course->strikes.any());
  if (entry.job->options().rerun == Rerun::never || suspect) return std::nullopt;
  const auto average = functionTimes_.of(entry.job->function());
  if (!average || entry.job->writtenAside()) return std::nullopt;
  return std::max(*average, kLeastJob);
}

bool PoolCore::mayPrefetch(const WorkerProcess& worker, Duration job) const {
  if (worker.state() != WorkerState::busy || !worker.hasRoom() || leaving_.serviceOver(worker) ||
      jobsLeft(worker) == 0)
    return false;
  const Duration busyFor = worker.jobs()->expected();
  // A worker that is still to be started could have a job of some length sooner.
  const Duration most = staying() < options_.max ? kBatchWork : kPrefetchWork;
  if (busyFor > most || job > most) return false;
  return worker.runningFor().value_or(Duration::zero()) <= std::max(busyFor, kLookout);
}

// How many more jobs it may be given before it is replaced.
std::size_t PoolCore::jobsLeft(const WorkerProcess& worker) const {
  if (options_.recycleAfter == 0) return kBatchSlots;
  const std::size_t given = worker.jobsServed() + worker.jobsHeld();
  const std::size_t quota = quotaOf(worker);
  return quota > given ? quota - given : 0;
}

void PoolCore::sendBatch(WorkerProcess& worker) {
  const bool wasIdle = worker.state() == WorkerState::idle;
  if (wasIdle) workers_.takeIdle();
  Duration expected{};
  auto batch = gather(worker, expected);
  if (!batch.empty()) worker.run(batch, expected);
  const Moment now{reactor_.now(), clock_.now()};
  for (auto& outgoing : batch) {
    JobEntry& entry = jobs_.at(outgoing.job->id);
    if (outgoing.failure) {
      queue_.pushFront(entry, entry.job->options().priority);
      failJob(entry, argumentFailure(std::move(*outgoing.failure)));
    } else {
      dispatched(entry, worker, now);
    }
  }
  if (worker.state() == WorkerState::busy) {
    noteDispatch(worker);
    pollFor(expected);
  } else if (wasIdle) {
    workers_.becameIdle(worker, clock_.now());
  }
}

// Takes the next jobs off the queue: one, or several short ones.
std::vector<WorkerLink::Outgoing> PoolCore::gather(WorkerProcess& worker, Duration& work) {
  // This one, and the others that can have some now.
  const auto& all = workers_.all();
  const auto hands =
      1 + static_cast<std::size_t>(std::ranges::count_if(
              all, [&](const auto& other) { return other.get() != &worker && other->hasRoom(); }));
  const std::size_t share = (waiting() + hands - 1) / hands;
  const std::size_t most =
      std::min({share, kBatchSlots, std::max<std::size_t>(jobsLeft(worker), 1)});
  std::vector<WorkerLink::Outgoing> batch;
  std::uint64_t words = 0;
  // Those that cannot be sent count too: a queue of them would otherwise be failed in one go.
  for (std::size_t looked = 0; looked < most && !queue_.empty(); ++looked) {
    JobEntry& entry = queue_.front();
    const Job& job = *entry.job;
    const auto expected = expectation(entry);
    if (!batch.empty() && (!expected || work + *expected > kBatchWork)) break;
    try {
      const auto function = worker.find(job.function());
      auto writing = job.writtenAside() ? job.beginWriting(mostArgumentBytes()) : nullptr;
      const auto size = writing ? 0 : job.argumentWords();
      if (!batch.empty() && words + size > kBatchWords) break;
      words += size;
      batch.push_back({&job, function, size, std::nullopt, std::move(writing)});
    } catch (...) {
      failJob(entry, argumentFailure(Failure::current()));
      continue;
    }
    queue_.remove(entry, job.options().priority);
    work = expected ? work + *expected : Duration::max();
    if (!expected) break;
  }
  return batch;
}

void PoolCore::dispatched(JobEntry& entry, WorkerProcess& worker, Moment now) {
  const auto id = entry.id();
  const JobOptions& options = entry.job->options();
  JobCourse& course = jobs_.courseOf(entry);
  ledger_.move(Column::queued, Column::running);
  course.worker = &worker;
  course.workerNumber = worker.number();
  if (++course.attempts == 1) queueWait_.add(now.reactor - entry.queued);
  course.sentAt = now.clock;
  course.times.dispatched = now.reactor;
  observeJob(&PoolObserver::jobDispatched, entry);
  const auto timeout = options.timeout ? options.timeout : options_.timeout;
  if (timeout) watchTime(id, Limit::hard, *timeout, *timeout);
  if (const auto soft = options.softTimeout) watchTime(id, Limit::soft, *soft, *soft);
}

// Looks for the answer without sleeping, if it may come soon and there is a core to do so on.
void PoolCore::pollFor(Duration expected) {
  const bool soon = expected == Duration::max() || expected <= busyPoll_.time();
  if (soon && workers_.count(WorkerState::busy) < cores_) busyPoll_.begin();
}

// While somebody holds a job that waits behind another.
void PoolCore::watchHeldJobs() {
  if (lookout_.active() || closed_) return;
  const auto& all = workers_.all();
  const bool any = std::any_of(all.begin(), all.end(),
                               [](const auto& worker) { return worker->jobsHeld() > 1; });
  if (any) lookout_ = reactor_.callLater(kLookout, [this] { lookOut(); });
}

// Fetches what has ended, and sees that nothing waits behind a job that takes longer than it
// should.
void PoolCore::lookOut() {
  std::size_t idle = tooManyBusy() ? 0 : workers_.count(WorkerState::idle);
  for (const auto& worker : workers_.all()) {
    if (worker->state() != WorkerState::busy || worker->jobsHeld() < 2) continue;
    worker->collect();
    const Duration expected = worker->jobs()->expected();
    const Duration running = worker->runningFor().value_or(Duration::zero());
    if (running > std::max(expected, kLookout)) {
      sendBack(worker->takeBackLast(worker->jobsHeld()));
    } else if (waiting() == 0 && idle > 0 && expected > kBatchWork) {
      const auto taken = worker->takeBackLast(1);
      idle -= taken.size();
      sendBack(taken);
    }
  }
  proceed();
}

// Jobs that a worker held and has not begun, in order.
void PoolCore::sendBack(const std::vector<std::uint64_t>& jobs) {
  for (auto id = jobs.rbegin(); id != jobs.rend(); ++id) {
    JobEntry* const entry = jobs_.find(*id);
    if (entry == nullptr) continue;
    observeJob(&PoolObserver::jobTakenBack, *entry);
    requeue(*entry);
  }
}

}  // namespace phial::detail
