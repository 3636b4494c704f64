// The times of a pool's jobs: timeouts, soft timeouts and deadlines, and what becomes of a job that
// runs while nobody waits for it any more.
//
// A timer is a reason to look, not a verdict: it fires as late as the loop lets it, and the job may
// have begun, returned or moved on since. So each timer asks the worker where the job is, and the
// job's JobClock whether its time is up. Only then is the worker asked to end the job; the worker
// may refuse, and the timer looks again.
//
//   softTimeout   the job is asked to give up; its worker is ended if the job does not
//   timeout       the worker is ended, and its death is the job's failure
//   deadline      the job fails at once; if it runs, it is asked to give up besides
//
// A job's deadline is a timer of its own. The looks at running jobs share one timer a worker: see
// run_watch.h. Timers and looks lie in the job's JobState, and JobBooks cancels them when the job
// has gone: one that is due finds its job.
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/death_certificate.h>

#include <cstdint>
#include <optional>

#include "master/pool/job_books.h"
#include "master/pool/pool_context.h"
#include "master/pool/run_watch.h"

namespace phial::inline v1::detail {

class JobTimers {
 public:
  /// `books` is borrowed.
  JobTimers(const PoolContext& context, JobBooks& books) : context_(context), books_(books) {}

  /// Watches the deadline of a job that has entered the queue, if the job has one.
  void watchDeadline(JobEntry& entry);
  /// Watches the timeouts of a job that has just been dispatched, if there are any. `watch` is that
  /// of its worker, and is borrowed until the worker is gone.
  void watchRun(JobEntry& entry, RunWatch& watch);
  /// Nobody waits for the job any more, because of `cause`. A job that no worker has begun is taken
  /// back from its worker; a job that runs is asked to give up, or let end, as its options say.
  /// Returns true if the job runs. The caller books the job's end.
  bool abandon(JobEntry& entry, DeathCause cause);

 private:
  void begin(RunWatch& watch, RunLook& look, const JobEntry& entry, Duration timeout);
  void setTimer(RunWatch& watch, TimePoint at, TimePoint now);
  void lookAtDue(RunWatch& watch);
  std::optional<Duration> check(RunLook& look);
  std::optional<Duration> timeIsUp(JobEntry& entry, RunLook& look, std::uint64_t element,
                                   PoolWorker::IfReturned ifReturned);
  void deadlinePassed(std::uint64_t id);

  const PoolContext context_;
  JobBooks& books_;
};

}  // namespace phial::inline v1::detail
