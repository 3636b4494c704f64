// The books of a pool's jobs: where each job stands, from submission to its end.
//
//             enter                      sendable, dispatched                  succeed
//   caller ----------> in the queue --------------------------> with a worker ----------> gone
//                        ^      ^                                  |      |       fail, cancel
//                        |      +------------- requeue ------------+      |
//                        +-- endPause -- pausing before a rerun <- pause -+
//
// Every change of a job goes through this class. It keeps the table of jobs, the queue, the ledger
// and the settlements in step, so the ledger's sum is right at every moment when a caller can look.
// It decides nothing, sets no timer and calls no user code: what it decides to tell a caller joins
// the SettlementQueue.
//
// A queue can be condemned: then each job in it is to fail with the same failure, some in each turn
// of the loop, and no worker gets a job meanwhile. A closed queue is condemned and stays closed: a
// job that comes back from a worker fails instead.
//
// Invariants
// 1. An entry is in the queue, or with a worker (JobState::worker), or pausing, or was taken off
//    the queue by takeForWorker() in this very turn. Nothing else is in the table.
// 2. The ledger's column of an entry is `running` when it is with a worker, otherwise `queued`.
// 3. When an entry goes, its timers are cancelled first. A timer of a job may therefore take for
//    granted that the job is there.
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/histogram.h>
#include <phial/protocol/failure.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "master/pool/job_queue.h"
#include "master/pool/job_table.h"
#include "master/pool/ledger.h"
#include "master/pool/placed_jobs.h"
#include "master/pool/pool_reporter.h"
#include "master/pool/roster.h"
#include "master/pool/settlement_queue.h"
#include "master/pool/verdict.h"

namespace phial::inline v1::detail {

class JobBooks {
 public:
  using Column = Ledger::Column;

  /// Hears of the jobs that are children or have children. For the books only.
  class Kin {
   public:
    /// The job is about to go.
    virtual void ended(JobEntry& entry, bool succeeded) = 0;
    /// The job is about to leave its worker, and may run again.
    virtual void leftWorker(JobEntry& entry) = 0;

   protected:
    ~Kin() = default;
  };

  /// `settlements` and `reporter` are borrowed. `pool` is the pool's name, for texts.
  JobBooks(std::string pool, SettlementQueue& settlements, PoolReporter& reporter)
      : pool_(std::move(pool)), settlements_(settlements), reporter_(reporter) {}

  /// `kin` is borrowed. Without one nobody hears.
  void setKin(Kin& kin) { kin_ = &kin; }

  // What is known.

  /// Null when the job has ended.
  JobEntry* find(std::uint64_t id) { return jobs_.find(id); }
  /// REQUIRES: the job has not ended.
  JobEntry& at(std::uint64_t id) { return jobs_.at(id); }
  /// The entry's state; a new one if it has none.
  JobState& stateOf(JobEntry& entry) { return jobs_.stateOf(entry); }
  /// The jobs that any worker may run.
  JobQueue& queue() { return queue_; }
  const JobQueue& queue() const { return queue_; }
  /// The jobs that may not run anywhere.
  PlacedJobs& placed() { return placed_; }
  const PlacedJobs& placed() const { return placed_; }
  const Ledger& ledger() const { return ledger_; }
  std::size_t queued() const { return ledger_[Column::queued]; }
  std::size_t running() const { return ledger_[Column::running]; }
  /// Jobs that any worker could have now. None while the queue is condemned.
  std::size_t waiting() const { return condemned_ ? 0 : queue_.size() + placed_.children(); }
  /// Jobs that a fresh worker could have now. None while the queue is condemned.
  std::size_t waitingForFresh() const { return condemned_ ? 0 : placed_.fresh().size(); }
  /// True while a job is in the queue or pausing that will run if nothing else happens.
  bool anyToRun() const {
    return waiting() > 0 || waitingForFresh() > 0 || placed_.anyToRun() || !paused_.empty();
  }
  bool condemned() const { return condemned_.has_value(); }
  /// True while queued jobs are to fail, some in each turn of the loop.
  bool anyToFail() const { return condemned() || placed_.anyDoomed(); }
  /// Whether a job that comes back from a worker runs again.
  QueueMode mode() const { return mode_; }
  /// When the job was submitted that has been queued for longest: see PoolStats::oldestQueued.
  std::optional<TimePoint> oldestQueued() const {
    return earlier(queue_.oldest(), placed_.oldest());
  }
  /// Of the first dispatch of each job: the time since its submission.
  const Histogram& queueWait() const { return queueWait_; }
  /// True if the job's function was certainly never entered, by this worker or by one before.
  static bool neverRan(const JobEntry& entry);

  // On the way.

  /// Puts a new job into the queue. `now` is the reactor's time.
  JobEntry& enter(Ref<Job> job, TimePoint now, const Placement& placement = {});
  /// Books a job that never was in the queue: it fails with `reason`.
  void refuse(Ref<Job> job, Failure reason);
  /// The job that any worker may run next. REQUIRES: there is one.
  JobEntry& front() { return queue_.front(); }
  /// Takes a job off the queue for a worker; dispatched() or fail() follows in the same turn.
  void takeForWorker(JobEntry& entry);
  /// The job has been sent to `worker`.
  void dispatched(JobEntry& entry, PoolWorker& worker, Roster::Now now);
  /// Puts a job that was with a worker back to the head of the queue. If the queue is closed, the
  /// job fails with PoolStopped.
  void requeue(JobEntry& entry);
  /// Takes a job from its worker; it runs again after endPause(). REQUIRES: the queue is open.
  void pause(JobEntry& entry);
  /// Puts a pausing job to the head of the queue.
  void endPause(JobEntry& entry);

  // The end. The entry is gone afterwards.

  /// The job has accepted its result.
  void succeed(JobEntry& entry);
  /// Fails a job. The failure says that the function never ran, if that is so.
  void fail(JobEntry& entry, Failure failure);
  /// Fails a job with a failure that says itself whether the function ran.
  void failWith(JobEntry& entry, Failure failure);
  /// Fails a job that was with a worker, because the pool has been stopped.
  void failStopped(JobEntry& entry);
  /// Books the end of a job whose caller has cancelled it, and who gets no settlement.
  void cancel(JobEntry& entry);

  // The end of the queue.

  /// From here on no job leaves the queue but to fail with `failure`, until the queue is empty.
  /// Pausing jobs count as queued. No effect on a queue that is condemned already, nor on the jobs
  /// that wait for one worker: they have theirs.
  void condemn(const Failure& failure);
  /// The same for all jobs, and for good.
  void close(const Failure& failure);
  /// The jobs that wait for this worker are to fail with `failure`: it has died.
  void condemnOf(std::uint64_t worker, const Failure& failure) { placed_.doom(worker, failure); }
  /// Fails the next jobs that are to fail, once all settlements before have been delivered.
  void failCondemned();
  /// Fails the queued jobs that jobs have called: no worker will run them.
  void failChildren(const Failure& failure);
  /// Fails all jobs, wherever they are. `failure` may say that the function ran.
  void failAll(const Failure& failure);

 private:
  Ref<Job> remove(JobEntry& entry, Column to, const Failure* failure = nullptr);
  void leaveWorker(JobEntry& entry);
  void toFront(JobEntry& entry);
  void leaveQueue(JobEntry& entry);
  bool failNext(const Failure& failure, const Failure& ofUnrun);

  const std::string pool_;
  SettlementQueue& settlements_;
  PoolReporter& reporter_;
  JobTable jobs_;
  JobQueue queue_;
  PlacedJobs placed_;
  std::set<std::uint64_t> paused_;
  Ledger ledger_;
  Histogram queueWait_;
  std::optional<Failure> condemned_;
  QueueMode mode_ = QueueMode::open;
  Kin* kin_ = nullptr;
};

}  // namespace phial::inline v1::detail
