// The pool's conductor. It owns the books, asks its parts what to do, does it, and calls user code
// last. Schedule decides who gets which jobs, Staffing how many workers there are, Verdict what a
// death means for a job, JobClock when a job's time is up.
//
// The life of a job, by the functions that it passes in this order:
//
//   Submitter::deferToProcess    converts the arguments and makes a Job            detail/submit.h
//   submit                       refuses it from the loop, or                      pool_jobs.cc
//   enqueue                      puts it into the queue                            pool_jobs.cc
//   dispatch                     asks Schedule who gets it, and what travels along pool_dispatch.cc
//   sendBatch, dispatched        PoolWorker::run writes it; its times are watched  pool_dispatch.cc
//     (worker)                   claims its slot, runs its function, answers worker/runtime.cc
//   jobArrived                   begins to read a large result beside the loop     pool_jobs.cc
//   jobAnswered, finishJob       reads the result; the ledger has its end          pool_workers.cc
//   finishPending                sends the next jobs and starts workers            pool_core.cc
//   deliver                      fires the Deferred: user code                     pool_core.cc
//
// or, when something is in its way:
//
//   cancel, expire               taken back, or asked to give up                   pool_time.cc
//   checkTime, timeIsUp          its worker is ended                               pool_time.cc
//   lookAtCrowded, sendBack      not begun, and queued again for another worker    pool_dispatch.cc
//   workerDied, judgeJob         Verdict: it fails, or runs again                  pool_jobs.cc
//   condemnQueue, failCondemned  the pool ends, or no worker gets ready            pool_jobs.cc
//
// Invariants
// 1. A job is in the queue, or with a worker, or gone; its Ledger column says which.
// 2. Each function here finishes the pool's own bookkeeping, replacement of workers included, and
//    only then calls user code, as the last thing it does. User code may do anything, the
//    destruction of the pool included; close() has run then and nothing is called any more.
// 3. Nothing is spawned inside another's decision but one process a turn of the loop.
// 4. However many jobs end at once, one turn of the loop decides and tells no more of them than
//    take about kSlice; finishPending() goes on in the next turn. What is decided is delivered in
//    that order.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/detail/job.h>
#include <phial/master/histogram.h>
#include <phial/master/pool_observer.h>
#include <phial/master/pool_options.h>
#include <phial/master/reactor.h>
#include <phial/protocol/fork_mark.h>
#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "master/pool/argument_rules.h"
#include "master/pool/crew.h"
#include "master/pool/delivery.h"
#include "master/pool/dispatcher.h"
#include "master/pool/job_books.h"
#include "master/pool/job_judge.h"
#include "master/pool/job_timers.h"
#include "master/pool/pending_work.h"
#include "master/pool/pool_context.h"
#include "master/pool/pool_reporter.h"
#include "master/pool/reload.h"
#include "master/pool/result_intake.h"
#include "master/pool/staffing.h"
#include "master/pool/warm_memory.h"
#include "master/worker/pool_worker.h"

namespace phial::detail {

class PoolCore final : public std::enable_shared_from_this<PoolCore>,
                       private Job::Owner,
                       private PoolWorker::Owner {
 public:
  /// Without a factory the workers are processes.
  PoolCore(Reactor& reactor, PoolOptions options, Clock& clock, WorkerFactory factory = {});
  ~PoolCore();
  PoolCore(const PoolCore&) = delete;
  PoolCore& operator=(const PoolCore&) = delete;

  Reactor& reactor() const { return reactor_; }
  PoolStats stats() const;
  std::vector<WorkerStatus> workers() const;

  PoolReporter& reporter() { return reporter_; }

  WarmMemory& warmMemory() { return *warm_; }
  Job::Ticket newTicket() { return {*this, ++lastJobId_}; }
  void submit(Ref<Job> job);
  /// What is to be said of arguments whose conversion, copying or writing failed like this.
  static Failure argumentFailure(Failure cause) {
    return detail::argumentFailure(std::move(cause));
  }
  /// Takes the job, and fails it from the loop.
  void refuse(Ref<Job> job, Failure reason);

  Deferred<void> start();
  Deferred<void> stop(StopOptions options);
  Deferred<void> resize(std::size_t min, std::size_t max);
  Deferred<void> reload();
  Deferred<void> whenBelow(std::size_t jobs);

  // For those who submit as fast as the pool can take it.
  std::size_t maxWorkers() const { return crew_.staffing().max(); }
  bool hasTimeout() const { return options_.timeout.has_value(); }
  /// Whether a job submitted now would not meet QueueFull.
  bool hasRoom() const;
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
  // Jobs: pool_jobs.cc
  std::optional<Failure> refusal(const Job& job);
  std::optional<Failure> objection(const Job& job);
  bool cancel(std::uint64_t id) override;

  // What workers report: pool_workers.cc
  void workerReady(PoolWorker& worker) override;
  std::unique_ptr<ResultReading> jobArrived(schema::JobResult::Reader result) override;
  void workerChanged(PoolWorker& worker) override;
  void jobAnswered(PoolWorker& worker, const JobAnswer& answer) override;
  void jobUnwritable(std::uint64_t job, Failure failure) override;
  void workerAnswered(PoolWorker& worker) override;
  void workerLacks(const std::string& what) override;
  void workerGaveBack(PoolWorker& worker, const std::vector<std::uint64_t>& jobs) override;
  void workerProgressed(std::uint64_t job, double fraction, std::string note) override;
  void workerDied(PoolWorker& worker, DeathCertificate death) override;

  // Starting and retiring.
  Staffing::Demand demand() const;
  void fill();
  void giveUpStarting(const DeathCertificate& death);
  bool startBlocked() const;

  // Life: pool_core.cc
  void finishPending();
  bool more();
  void fireStarters();
  void failStarters(const Failure& failure);
  void stopWithin(Duration within, const Failure& stopped);
  void stopNow(const Failure& stopped);
  void advanceStop();
  bool draining() const { return drainQueue_ && books_.anyToRun(); }

  const ForkMark mark_;
  const pid_t process_;
  Reactor& reactor_;
  Clock& clock_;
  PoolOptions options_;
  PendingWork pending_;
  Delivery delivery_;
  SettlementQueue& settlements_;  // of delivery_
  PoolReporter reporter_;
  JobBooks books_;
  const PoolContext context_;
  JobTimers timers_;
  JobJudge judge_;
  const std::shared_ptr<WarmMemory> warm_;
  Crew crew_;
  Reload reload_;
  Dispatcher dispatcher_;
  ResultIntake intake_;
  std::uint64_t lastJobId_ = 0;
  bool started_ = false;
  bool stopping_ = false;
  bool drainQueue_ = false;
  bool closed_ = false;
  std::vector<Resolver<void>> starters_;
  std::vector<Resolver<void>> stoppers_;
  DelayedCall stopTimer_;
  std::optional<TimePoint> stopBy_;
};

}  // namespace phial::detail
