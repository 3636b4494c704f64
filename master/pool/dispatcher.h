// Sends queued jobs to workers, and takes back what should run elsewhere.
//
// Schedule decides which worker gets the next job, what travels along, and which worker gives some
// back. The Dispatcher does it: it has a worker write the batch, books the jobs as sent or as
// failed, has their times watched, and comes back for crowded workers. A worker is crowded when it
// holds a job that waits behind another.
//
// A job whose arguments cannot be written fails alone. The others of its batch are sent.
//
// Thread rule: the loop's. Calls no user code but codecs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "master/pool/bound_objects.h"
#include "master/pool/busy_poll.h"
#include "master/pool/job_books.h"
#include "master/pool/job_timers.h"
#include "master/pool/pool_context.h"
#include "master/pool/roster.h"
#include "master/pool/schedule.h"
#include "master/pool/staffing.h"

namespace phial::inline v1::detail {

class Dispatcher {
 public:
  /// All are borrowed. `staffing` hears of each batch, because a worker's last job may be in it.
  Dispatcher(const PoolContext& context, JobBooks& books, JobTimers& timers, Roster& roster,
             Staffing& staffing, BoundObjects& objects);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  Schedule& schedule() { return schedule_; }
  const Schedule& schedule() const { return schedule_; }

  /// Sends jobs while there are both jobs and workers for them, until about `end`.
  void dispatch(TimePoint end);
  /// Whether dispatch() would send a job now.
  bool canDispatch();
  /// Queues jobs again that a worker has given back: it had not begun them. They are in the order
  /// in which they were sent.
  void sendBack(const std::vector<std::uint64_t>& jobs);
  /// No answer is to be expected soon: the loop may sleep.
  void endPolling() { busyPoll_.end(); }
  /// No timer fires any more.
  void close();

 private:
  Turn nextTurn();
  void sendBatch(const Turn& turn);
  void notePlaced(Seat& seat, const Placement& placement);
  std::vector<Outgoing> gather(PoolWorker& worker, BatchPlan& plan, JobQueue& jobs);
  bool addTo(std::vector<Outgoing>& batch, JobEntry& entry, PoolWorker& worker, BatchPlan& plan);
  void pollFor(Duration expected);
  void scheduleLook();
  void lookAtCrowded();
  void spareForIdle();

  const PoolContext context_;
  JobBooks& books_;
  JobTimers& timers_;
  Roster& roster_;
  Staffing& staffing_;
  BoundObjects& objects_;
  Schedule schedule_;
  BusyPoll busyPoll_;
  const std::size_t cores_;
  DelayedCall lookTimer_;  // for the crowded workers
  TimePoint lookAt_{};     // when it fires
};

}  // namespace phial::inline v1::detail
