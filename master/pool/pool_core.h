// The pool's state and decisions: who runs what, how many workers there are, what a death means.
//
// Invariants
// 1. A job is in the queue, or with a worker, or gone; its Ledger column says which.
// 2. Each function here finishes the pool's own bookkeeping, replacement of workers included, and
//    only then calls user code, as the last thing it does. User code may do anything, the
//    destruction of the pool included; close() has run then and nothing is called any more.
// 3. Nothing is spawned inside another's decision but one process a turn of the loop.
// 4. However many jobs end at once, one turn of the loop decides and tells no more of them than
//    take about kSlice; proceed() goes on in the next turn. What is decided is told in that order.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/histogram.h>
#include <phial/master/job.h>
#include <phial/master/pool_observer.h>
#include <phial/master/pool_options.h>
#include <phial/master/reactor.h>
#include <phial/protocol/fork_mark.h>
#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "master/log/flood_gate.h"
#include "master/log/pool_log.h"
#include "master/pool/busy_poll.h"
#include "master/pool/departures.h"
#include "master/pool/function_times.h"
#include "master/pool/job_queue.h"
#include "master/pool/job_table.h"
#include "master/pool/ledger.h"
#include "master/pool/queue_waiters.h"
#include "master/pool/settlement_queue.h"
#include "master/pool/warm_memory.h"
#include "master/pool/worker_set.h"
#include "master/supervision/restart_policy.h"
#include "master/supervision/worker_process.h"

namespace phial::detail {

class PoolCore final : public std::enable_shared_from_this<PoolCore>,
                       private Job::Owner,
                       private WorkerProcess::Owner {
 public:
  PoolCore(Reactor& reactor, PoolOptions options, Clock& clock);
  ~PoolCore();
  PoolCore(const PoolCore&) = delete;
  PoolCore& operator=(const PoolCore&) = delete;

  Reactor& reactor() const { return reactor_; }
  PoolStats stats() const;
  std::vector<WorkerStatus> workers() const;

  void setObserver(std::shared_ptr<PoolObserver> observer) { observer_ = std::move(observer); }

  WarmMemory& warmMemory() { return *warm_; }
  Job::Ticket newTicket() { return {*this, ++lastJobId_}; }
  void submit(Ref<Job> job);
  /// What is to be said of arguments whose conversion, copying or writing failed like this.
  static Failure argumentFailure(Failure cause);
  /// Takes the job, and fails it from the loop.
  void refuse(Ref<Job> job, Failure reason);

  Deferred<void> start();
  Deferred<void> stop(StopOptions options);
  Deferred<void> resize(std::size_t min, std::size_t max);
  Deferred<void> reload();
  Deferred<void> whenBelow(std::size_t jobs);

  // For those who submit as fast as the pool can take it.
  std::size_t maxWorkers() const { return options_.max; }
  bool hasTimeout() const { return options_.timeout.has_value(); }
  /// Whether a job submitted now would not meet QueueFull.
  bool hasRoom();
  /// Fires when it is so, from the loop. Fails with PoolStopped. REQUIRES: !hasRoom().
  Deferred<void> whenRoom();
  /// Fires when what the loop has to do besides has had its turn: at once when the pool is
  /// stopping, and at the latest, with PoolStopped, when it stops.
  Deferred<void> nextTurn();
  /// Fires from the loop, whatever becomes of the pool meanwhile; never fails.
  Deferred<void> soon();
  bool closed() const { return closed_; }
  /// Whether this is a process forked from the pool's own. Then nothing else here may be called.
  bool inherited() const { return mark_.inherited(); }
  /// What every call fails with there.
  Failure inheritedFailure() const;
  /// The end, from the destructor of ProcessPool: kills, reaps, and fails what is left.
  void close();

 private:
  static constexpr Duration kSlice = std::chrono::microseconds(500);

  using Column = Ledger::Column;
  using WorkerPtr = std::shared_ptr<WorkerProcess>;

  enum class Limit { soft, hard };

  // Jobs: pool_jobs.cc
  /// The RPC system's own part of a message, and the Job around the arguments.
  static constexpr std::uint64_t kEnvelopeBytes = 1024;
  std::uint64_t mostArgumentBytes() const {
    return options_.maxMessageBytes - std::min(options_.maxMessageBytes, kEnvelopeBytes);
  }

  static bool neverRan(const JobEntry& entry);
  std::optional<Failure> refusal(const Job& job);
  std::optional<Failure> objection(const Job& job);
  bool cancel(std::uint64_t id) override;
  void enqueue(Ref<Job> job);
  void watchTime(std::uint64_t id, Limit limit, Duration timeout, Duration delay);
  void checkTime(std::uint64_t id, Limit limit, Duration timeout);
  void timeIsUp(JobEntry& entry, Limit limit, Duration timeout, std::uint64_t element);
  void askToGiveUp(JobEntry& entry, DeathCause cause);
  void expire(std::uint64_t id);
  Ref<Job> take(JobEntry& entry, Column to, const Failure* failure = nullptr);
  void failJob(JobEntry& entry, Failure failure);
  void failWith(JobEntry& entry, Failure failure);
  void finishJob(JobEntry& entry, schema::JobResult::Reader result, ResultReading* reading);
  void noteTimes(JobEntry& entry, schema::JobResult::Reader result);
  static bool isBlamed(const JobEntry& entry, const DeathCertificate& death);
  void judgeJobs(const WorkerProcess& worker, const DeathCertificate& death);
  void judgeJob(JobEntry& entry, const DeathCertificate& death);
  void leaveWorker(JobEntry& entry);
  void requeue(JobEntry& entry);
  Failure stoppedWhileRunning() const;
  bool queueIsOpen() const { return !stopping_ || drainQueue_; }
  void condemnQueue(const Failure& failure);
  void failCondemned();
  /// Jobs that a worker could have.
  std::size_t waiting() const { return condemned_ ? 0 : queue_.size(); }
  void restBeforeRerun(JobEntry& entry);
  void endRest(JobEntry& entry);

  // Who gets which: pool_dispatch.cc
  void pump(TimePoint end);
  WorkerProcess* workerForNext();
  std::optional<Duration> expectation(const JobEntry& entry) const;
  bool mayPrefetch(const WorkerProcess& worker, Duration job) const;
  std::size_t jobsLeft(const WorkerProcess& worker) const;
  void sendBatch(WorkerProcess& worker);
  std::vector<WorkerLink::Outgoing> gather(WorkerProcess& worker, Duration& work);
  struct Moment {
    TimePoint reactor;
    TimePoint clock;
  };
  void dispatched(JobEntry& entry, WorkerProcess& worker, Moment now);
  void pollFor(Duration expected);
  void watchHeldJobs();
  void lookOut();
  void sendBack(const std::vector<std::uint64_t>& jobs);

  // Workers: pool_workers.cc
  void workerReady(WorkerProcess& worker) override;
  std::unique_ptr<ResultReading> jobArrived(schema::JobResult::Reader result) override;
  void jobAnswered(WorkerProcess& worker, schema::JobResult::Reader result,
                   ResultReading* reading) override;
  void jobUnwritable(std::uint64_t job, Failure failure) override;
  void workerAnswered(WorkerProcess& worker) override;
  void workerLacks(const std::string& what) override;
  void workerGaveBack(WorkerProcess& worker, const std::vector<std::uint64_t>& jobs) override;
  void workerProgressed(std::uint64_t job, double fraction, std::string note) override;
  void workerDied(WorkerProcess& worker, DeathCertificate death) override;
  std::size_t wanted() const;
  std::size_t mostWorkers() const;
  /// Those that serve or will, save those that are to be replaced.
  std::size_t staying() const { return workers_.active() - leaving_.active(); }
  void fill();
  bool spawnOne();
  void noteShortage(const std::string& what);
  void release(WorkerProcess& worker);
  void shrink();
  void prune();
  void noteFailure(const DeathCertificate& death);
  void giveUpStarting(const DeathCertificate& death);
  void countDeath(const DeathCertificate& death);
  void bury(WorkerPtr worker);
  bool startBlocked() const;

  // Observer: pool_observed.cc
  template <class Event, class... Args>
  void observe(Event event, Args... args);
  void observeJob(void (PoolObserver::*event)(const JobReport&), const JobEntry& entry);
  void observeRefused(const Job& job, const Failure& failure);
  void observeRequeued(const JobEntry& entry, const DeathCertificate& death);
  void observeSettled(const JobEntry& entry, Column outcome, const Failure* failure);
  void observeWorker(void (PoolObserver::*event)(const WorkerStatus&), const WorkerProcess& worker);
  void observeDeath(const DeathCertificate& death);

  // Log: pool_log.cc
  void say(LogLevel level, std::uint64_t worker, std::string text);
  void sayDeath(const DeathCertificate& death);
  void sayDeathsHeldBack();
  void sayDestroyed(std::size_t workers);

  // Replacing workers that still serve: pool_turnover.cc
  struct Reload {
    std::uint64_t lastOld;  // the last worker that is to be replaced
    std::size_t size;       // how many there were
    std::vector<Resolver<void>> waiters;
  };
  void noteDispatch(WorkerProcess& worker);
  void noteMemory(WorkerProcess& worker);
  std::size_t quotaOf(const WorkerProcess& worker) const;
  bool tooManyBusy() const;
  void letGo();
  void keepServing();
  void advanceReload();
  void failReload(const Failure& failure);

  // Life: pool_core.cc
  void proceed();
  void proceedSoon();
  void proceedNextTurn();
  void tell(TimePoint end);
  bool tellNext();
  bool more();
  void fireStarters();
  void failStarters(const Failure& failure);
  void stopWithin(Duration within, const Failure& stopped);
  void stopNow(const Failure& stopped);
  void advanceStop();
  void killWorkers();
  bool draining() const { return drainQueue_ && (waiting() > 0 || !resting_.empty()); }

  const ForkMark mark_;
  const pid_t process_;
  Reactor& reactor_;
  Clock& clock_;
  PoolOptions options_;
  const std::shared_ptr<PoolLog> log_;
  Ledger ledger_;
  JobQueue queue_;
  std::set<std::uint64_t> resting_;   // queued jobs that wait before they run again
  std::optional<Failure> condemned_;  // set while all that is in the queue is being failed
  JobTable jobs_;
  FloodGate deathGate_;
  OomKills oomKills_;
  SideThread side_;
  WorkerSet workers_;
  Departures leaving_;  // workers that are to be replaced
  std::optional<Reload> reload_;
  bool runsOwnProgram_;  // the one-binary style
  const std::shared_ptr<WarmMemory> warm_;
  const TakeMemory takeMemory_;  // from warm_
  const std::size_t cores_;
  std::mt19937_64 random_;
  std::uint64_t spreadSeed_;  // of the workers' own numbers of jobs
  RestartPolicy restart_;
  std::optional<DeathCertificate> startupFailure_;  // set while starting workers is given up
  std::uint64_t lastJobId_ = 0;
  std::uint64_t lastWorker_ = 0;
  std::uint64_t spawned_ = 0;
  std::uint64_t deaths_ = 0;
  std::uint64_t recycled_ = 0;
  std::uint64_t reruns_ = 0;
  bool everReady_ = false;       // a worker of this pool has got ready
  bool shortage_ = false;        // the last worker could not be spawned for want of something
  std::set<std::string> lacks_;  // what workers do without, as it has been said
  bool started_ = false;
  bool stopping_ = false;
  bool drainQueue_ = false;
  bool closed_ = false;
  bool proceedScheduled_ = false;
  bool continuing_ = false;  // proceed() goes on in the next turn
  SettlementQueue settlements_;
  QueueWaiters queueWaiters_;
  std::shared_ptr<PoolObserver> observer_;
  Histogram queueWait_;
  Histogram runTime_;
  TimePoint seenTime_{};  // some moment that is past: one look at the clock for a batch of results
  FunctionTimes functionTimes_;
  BusyPoll busyPoll_;
  std::vector<Resolver<void>> starters_;
  std::vector<Resolver<void>> stoppers_;
  DelayedCall lookout_;  // active while a worker holds a job behind another
  DelayedCall fillTimer_;
  DelayedCall pruneTimer_;
  DelayedCall stopTimer_;
  DelayedCall floodTimer_;
  std::optional<TimePoint> stopBy_;
};

}  // namespace phial::detail
