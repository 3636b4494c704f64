// The pool's conductor. It hears what happens to jobs and workers, has its parts do what follows,
// in order, and calls user code last. It holds no state of its own but the numbers of jobs.
//
//   JobBooks      where each job stands: queue, worker, pause, or gone   job_books.h
//   Admission     which jobs come in                                     admission.h
//   Dispatcher    sends jobs, as Schedule decides                        dispatcher.h
//   JobTimers     timeouts and deadlines, counted by JobClock            job_timers.h
//   AnswerIntake  reads results                                          answer_intake.h
//   JobJudge      what a death means for jobs, as Verdict decides        job_judge.h
//   Crew          starts and retires workers, as Staffing decides        crew.h
//   Reload        replaces all of them                                   reload.h
//   BoundObjects  the objects of workers that the program holds          bound_objects.h
//   ChildJobs     the jobs that jobs have called, and the jobs that wait    child_jobs.h
//   Leases        who holds which worker, and who waits for one          leases.h
//   PoolLife      the phases of the pool, and who waits for them         pool_life.h
//   Delivery      calls user code                                        delivery.h
//   PendingWork   has finishPending() called                             pending_work.h
//
// The parts know the books, and none knows the conductor: a part returns what it has decided, or
// has the pending work finished when its own timer has changed something.
//
// The life of a job, by the functions that it passes in this order:
//
//   Submitter::deferToProcess    converts the arguments and makes a Job            detail/submit.h
//   submit                       is called with it                                 pool_core.cc
//   Admission::refusal           refuses it from the loop, or                      admission.cc
//   JobBooks::enter              puts it into the queue                            job_books.cc
//   Dispatcher::dispatch         asks Schedule who gets it, and what goes along    dispatcher.cc
//   Dispatcher::sendBatch        PoolWorker::run writes it; its times are watched  dispatcher.cc
//     (worker)                   claims its slot, runs its function, answers worker/runtime.cc
//   AnswerIntake::arrived        begins to read a large result aside               answer_intake.cc
//   AnswerIntake::answered       reads the result; the ledger has its end          answer_intake.cc
//   finishPending                sends the next jobs and starts workers            pool_core.cc
//   Delivery::deliver            fires the Deferred: user code                     delivery.cc
//
// or, when something is in its way:
//
//   cancel, JobTimers::abandon   taken back, or asked to give up                   job_timers.cc
//   JobTimers::check, timeIsUp   its worker is ended                               job_timers.cc
//   Dispatcher::lookAtCrowded    not begun, and queued again for another worker    dispatcher.cc
//   workerDied, JobJudge::judge  Verdict: it fails, or runs again                  job_judge.cc
//   JobBooks::condemn            the pool ends, or no worker gets ready            job_books.cc
//
// Invariants
// 1. A job is in the queue, or with a worker, or gone; its Ledger column says which.
// 2. Each function here finishes the pool's own bookkeeping, replacement of workers included, and
//    only then calls user code, as the last thing it does. User code may do anything, the
//    destruction of the pool included; close() has run then and nothing is called any more.
// 3. Nothing is spawned inside another's decision but one process a turn of the loop.
// 4. However many jobs end at once, one turn of the loop decides and delivers no more of them than
//    take about PendingWork::kSlice; finishPending() goes on in the next turn. What is decided is
//    delivered in that order.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/detail/job.h>
#include <phial/master/detail/runner.h>
#include <phial/master/pool_observer.h>
#include <phial/master/pool_options.h>
#include <phial/master/reactor.h>
#include <phial/protocol/fork_mark.h>
#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "master/pool/admission.h"
#include "master/pool/answer_intake.h"
#include "master/pool/argument_rules.h"
#include "master/pool/bound_objects.h"
#include "master/pool/child_jobs.h"
#include "master/pool/crew.h"
#include "master/pool/delivery.h"
#include "master/pool/dispatcher.h"
#include "master/pool/job_books.h"
#include "master/pool/job_judge.h"
#include "master/pool/job_timers.h"
#include "master/pool/leases.h"
#include "master/pool/pending_work.h"
#include "master/pool/pool_context.h"
#include "master/pool/pool_life.h"
#include "master/pool/pool_reporter.h"
#include "master/pool/reload.h"
#include "master/pool/warm_memory.h"
#include "master/worker/pool_worker.h"
#include "master/worker/start_calls.h"

namespace phial::inline v1::detail {

class PoolCore final : public Runner,
                       public std::enable_shared_from_this<PoolCore>,
                       private Job::Owner,
                       private PoolWorker::Owner {
 public:
  /// Without a factory the workers are processes.
  PoolCore(Reactor& reactor, PoolOptions options, Clock& clock, WorkerFactory factory = {});
  ~PoolCore() override;
  PoolCore(const PoolCore&) = delete;
  PoolCore& operator=(const PoolCore&) = delete;

  Reactor& reactor() const { return context_.reactor; }
  PoolStats stats() const override;
  std::vector<WorkerStatus> workers() const;

  std::optional<Failure> enter(const char* call) const override;
  Observation observe(std::shared_ptr<PoolObserver> observer) override {
    return reporter_.observe(std::move(observer));
  }
  Clock& clock() const override { return context_.clock; }

  Job::Ticket newTicket() override;
  std::shared_ptr<std::byte> takeMemory(std::size_t bytes) override;
  void submit(Ref<Job> job) override;
  /// As submit(), for a job that is to run there.
  void submitTo(Ref<Job> job, const Placement& placement);
  /// Takes the job, and fails it from the loop.
  void refuse(Ref<Job> job, Failure reason) override;

  Deferred<void> start() override;
  Deferred<void> stop(StopOptions options) override;
  Deferred<void> resize(std::size_t min, std::size_t max);
  Deferred<void> reload();
  Deferred<void> killWorkers();
  Deferred<Lease> lease(const LeaseOptions& options);
  /// The workers that are ready, by number.
  std::vector<std::uint64_t> readyWorkers() const;
  /// What each worker is to do before its first job, beside PoolOptions::onStart.
  StartCalls& startCalls() { return startCalls_; }
  Deferred<void> whenBelow(std::size_t jobs) override;

  // For those who submit as fast as the pool can take it.
  std::size_t capacity() const override { return std::max<std::size_t>(crew_.staffing().max(), 1); }
  bool hasTimeout() const override { return options_.timeout.has_value(); }
  bool hasRoom() const override { return admission_.hasRoom(); }
  bool hasRoomFor(const Placement& placement) const { return admission_.hasRoom(placement); }
  Deferred<void> whenRoom() override;
  /// Fires when what the loop has to do besides has had its turn: at once when the pool is
  /// stopping, and at the latest, with PoolStopped, when it stops.
  Deferred<void> nextTurn() override;
  /// Fires from the loop, whatever becomes of the pool meanwhile; never fails.
  Deferred<void> soon() override;
  Deferred<void> later() override;
  bool closed() const override { return life_.closed(); }
  /// Whether this is a process forked from the pool's own. Then nothing else here may be called.
  bool inherited() const { return mark_.inherited(); }
  /// The end, from the destructor of ProcessPool: kills, reaps, and fails what is left.
  void close();

 private:
  // Job::Owner
  bool cancel(std::uint64_t id) override;
  std::string whereIs(std::uint64_t id) override;

  // PoolWorker::Owner: pool_workers.cc
  void workerReady(PoolWorker& worker) override;
  std::unique_ptr<ResultReading> jobArrived(schema::JobResult::Reader result) override;
  void workerChanged(PoolWorker& worker) override;
  void jobAnswered(PoolWorker& worker, const JobAnswer& answer) override;
  void jobUnwritable(std::uint64_t job, Failure failure) override;
  void workerAnswered(PoolWorker& worker) override;
  void workerLacks(const std::string& what) override;
  void workerGaveBack(PoolWorker& worker, const std::vector<std::uint64_t>& jobs) override;
  void workerProgressed(std::uint64_t job, double fraction, std::string note) override;
  void workerEndedLease(PoolWorker& worker, std::uint64_t lease) override;
  void workerCalled(PoolWorker& worker, std::shared_ptr<ChildCall> call) override;
  void workerTookCallBack(PoolWorker& worker, std::uint64_t job, std::uint64_t number) override;
  void workerWaits(PoolWorker& worker, const JobWait* wait) override;
  void workerDied(PoolWorker& worker, DeathCertificate death) override;

  void noteObjects(std::uint64_t worker, const ObjectBoundary::Use& use);
  void releaseUnbound();
  void noteIdle(const PoolWorker& worker);
  void finishPending();
  void fill();
  void giveUpStarting(const DeathCertificate& death);
  void stopNow(const Failure& stopped);
  void advanceStop();
  /// Whether the pool is ending and still runs what is queued.
  bool draining() const;
  Staffing::Demand demand() const;

  const ForkMark mark_;
  const pid_t process_;
  PoolOptions options_;
  const PoolContext context_;  // refers to members below
  PendingWork pending_;
  Delivery delivery_;
  PoolReporter reporter_;
  PoolLife life_;
  JobBooks books_;
  JobTimers timers_;
  JobJudge judge_;
  const std::shared_ptr<WarmMemory> warm_;
  StartCalls startCalls_;
  Crew crew_;
  Reload reload_;
  std::vector<std::uint64_t> unbound_;  // workers, until releaseUnbound()
  BoundObjects objects_;
  Dispatcher dispatcher_;
  AnswerIntake intake_;
  Admission admission_;
  Leases leases_;
  ChildJobs children_;
  std::uint64_t lastJobId_ = 0;
};

}  // namespace phial::inline v1::detail
