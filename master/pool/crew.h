// The workers of a pool: they are started, retired and replaced here.
//
// Staffing decides how many workers there should be and which of them go; the Crew does it. It
// starts at most one process a turn of the loop, because the loop has more to do than to spawn, and
// pauses while Staffing says so. The Roster keeps the workers' seats; a seat is there from a
// worker's start until died().
//
// The Crew knows nothing of jobs. What the pool has to do, it is told as a Staffing::Demand. What
// concerns those who wait for a worker, it returns: fill() and died() say when there is no use in
// waiting, and the conductor fails those who wait.
//
// A worker is on the stack when it reports its death, so the Crew destroys it only when that call
// has unwound.
//
// Thread rule: the loop's. Calls no user code.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/protocol/failure.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "master/pool/pool_context.h"
#include "master/pool/roster.h"
#include "master/pool/staffing.h"
#include "master/worker/pool_worker.h"

namespace phial::inline v1::detail {

class Crew {
 public:
  /// What has happened to workers since the pool was made.
  struct Counts {
    std::uint64_t spawned = 0;
    std::uint64_t deaths = 0;    ///< that nobody wanted
    std::uint64_t recycled = 0;  ///< replaced as planned
  };

  /// Workers report to `owner`, which is borrowed. `fillAgain` is called by a timer when the next
  /// worker may be started, and calls fill().
  Crew(const PoolContext& context, PoolWorker::Owner& owner, WorkerFactory makeWorker,
       std::function<void()> fillAgain);
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  Roster& roster() { return roster_; }
  const Roster& roster() const { return roster_; }
  Staffing& staffing() { return staffing_; }
  const Staffing& staffing() const { return staffing_; }
  std::vector<WorkerStatus> statuses() const;
  const Counts& counts() const { return counts_; }
  /// The number of the worker that was started last.
  std::uint64_t lastWorker() const { return lastWorker_; }
  /// Whether a worker of this pool has ever got ready.
  bool everReady() const { return everReady_; }

  // Starting.

  /// Starts a worker, if one is wanted and may be started now; others follow by `fillAgain`. A
  /// failure says that the system has been short of something for long and no worker is being
  /// started: those who wait for a start should not wait on. Call it again then, for the timer of
  /// the next try.
  std::optional<Failure> fill(const Staffing::Demand& demand);
  /// No worker gets ready, and none serves. The next ones are tried, but slowly.
  void giveUp(const DeathCertificate& death);

  // What workers report.

  void ready(PoolWorker& worker, const Staffing::Demand& demand);
  /// A worker that is being started has no seat yet; its report is ignored.
  void changed(PoolWorker& worker);
  /// A worker has answered jobs, and may be idle. It is retired if it is not needed.
  void answered(PoolWorker& worker, const Staffing::Demand& demand);
  /// The program holds no object of the worker's any more. It is retired or replaced if that is
  /// due.
  void unbound(Seat& seat, const Staffing::Demand& demand);
  /// A worker serves everybody again, after a lease. It is retired if it is not needed.
  void released(Seat& seat, const Staffing::Demand& demand);
  /// A worker is dead. Returns true if so many have failed to start that there is no use in waiting
  /// for the next. The worker stays alive until the caller's callback has returned.
  bool died(PoolWorker& worker, const DeathCertificate& death);

  // Going.

  /// Retires the idle workers that are too many for `max`; busy ones follow when they are idle.
  void resize(std::size_t min, std::size_t max);
  /// Retires workers whose replacements are ready.
  void replaceDeparting(const Staffing::Demand& demand);
  /// Retires idle workers in whose places fresh ones are to be started.
  void makeRoomForFresh(const Staffing::Demand& demand);
  /// Retires workers above `min` that have been idle for maxIdle, and comes back for the next.
  void prune();
  /// The pool stops: prune() is not called any more.
  void stopPruning() { pruneTimer_.cancel(); }
  /// Retires idle workers and kills those that are starting; busy ones go on.
  void dismiss();
  /// The workers' program may have changed: those that are started from now on are new ones.
  void renew() { makeWorker_.renew(); }
  /// No worker is there, and none will be wanted any more.
  void disband() { makeWorker_.close(); }
  /// Kills all workers, for `cause`. Their deaths are reported.
  void kill(DeathCause cause);
  /// Kills and reaps all workers here and now, without a report, and stops all timers. The workers
  /// stay alive until the caller's callback has returned.
  void close();

 private:
  std::optional<std::string> startNext();
  std::optional<Failure> noteShortage(const std::string& what);
  bool anyVerdictPending() const;
  void release(Seat& seat, const Staffing::Demand& demand);
  void noteMemory(Seat& seat);
  void noteDeath(const DeathCertificate& death);
  void destroyLater(std::shared_ptr<PoolWorker> worker);

  const PoolContext context_;
  PoolWorker::Owner& owner_;
  const WorkerFactory makeWorker_;
  const std::function<void()> fillAgain_;
  Roster roster_;
  Staffing staffing_;
  Counts counts_;
  std::uint64_t lastWorker_ = 0;
  bool everReady_ = false;
  bool shortage_ = false;  // the last worker could not be started for want of something
  DelayedCall fillTimer_;
  DelayedCall pruneTimer_;
};

}  // namespace phial::inline v1::detail
