// The counters of a pool, and what it says of its workers.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/histogram.h>

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

enum class WorkerState {
  starting,  ///< spawned, not ready yet
  idle,
  busy,
  ending,  ///< told to exit, or signalled, or dead but not yet accounted for
};

/// One worker, as it was when workers() was called.
struct WorkerStatus {
  std::uint64_t number = 0;  ///< from 1, never used again
  pid_t pid = 0;             ///< 0 while it waits to be forked from its template
  WorkerState state = WorkerState::starting;
  std::uint64_t job = 0;  ///< the job that it runs or is to run next; 0: none
  std::uint64_t jobsServed = 0;
  bool leased = false;  ///< it serves one caller: see ProcessPool::lease
  bool bound = false;   ///< the program holds an object of its: see <phial/master/client.h>
  bool waits = false;   ///< its job waits for jobs that it has called, or for its parent
};

/// The counters of a pool, in jobs and workers. At every moment submitted == succeeded + failed +
/// cancelled + queued + running. A chunk of a map counts as one job.
struct PoolStats {
  std::uint64_t submitted = 0;  ///< every job, including those refused at once
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t queued = 0;
  std::uint64_t running = 0;  ///< sent to a worker, no result yet; a worker may hold more than one
  std::uint64_t rerun = 0;    ///< how often a job went back to the queue because its worker died

  std::size_t workers = 0;  ///< alive: starting, idle, busy or ending
  std::size_t starting = 0;
  std::size_t idle = 0;
  std::size_t busy = 0;
  std::uint64_t spawned = 0;  ///< workers ever spawned
  std::uint64_t deaths = 0;   ///< workers that ended without being asked to, or for a job's limits
  /// Workers replaced because of recycleAfter, recycleAboveRssBytes or reload(), or because they
  /// were leased or given to a job with freshWorker.
  std::uint64_t recycled = 0;
  std::size_t leased = 0;   ///< of those alive, how many are leased
  std::size_t waiting = 0;  ///< of those busy, how many wait: see PoolOptions::maxWaiting

  /// When the job was submitted that has waited in the queue for longest, on the reactor's clock;
  /// empty while no job is queued. Of jobs with more than 64 different priorities, or bound to more
  /// than 64 workers, only the first are asked. Jobs that pause before a rerun are left out.
  std::optional<TimePoint> oldestQueued;

  Histogram queueWait;  ///< from submission to the first dispatch
  Histogram runTime;    ///< of each function that returned or threw, without decoding and encoding

  /// True if the equation above holds.
  bool balanced() const { return submitted == succeeded + failed + cancelled + queued + running; }
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
