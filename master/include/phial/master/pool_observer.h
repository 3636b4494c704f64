// What happens in a pool, as it happens: for metrics, tracing and tests.
//
// A pool tells its observer of each job and each worker. Thread rule: calls come from the loop, one
// at a time, in the order of the events, when the pool's own books are in order; that of a job's
// end comes just before the job's Deferred fires. An observer may call into the pool. What it
// throws is logged and goes no further.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/master/pool_options.h>
#include <phial/protocol/failure.h>

#include <cstdint>
#include <optional>
#include <string>

namespace phial {

/// When a job came to each station, on the steady clock; empty where it has not been (yet).
struct JobTimes {
  TimePoint queued{};
  /// Sent to the worker that has it, or had it last.
  std::optional<TimePoint> dispatched;
  /// Its function was entered, and left. By the worker's account, as far as that can be true.
  std::optional<TimePoint> started;
  std::optional<TimePoint> finished;
  /// The pool had its outcome.
  std::optional<TimePoint> settled;
};

enum class JobOutcome {
  pending,
  succeeded,
  failed,
  cancelled,
};

/// A job at one moment.
struct JobReport {
  std::uint64_t id = 0;
  std::string function;
  std::string label;
  int priority = 0;
  /// The worker that has it, or had it last; 0 for none.
  std::uint64_t worker = 0;
  /// How often it has been sent to a worker, also where it was taken back from.
  unsigned attempts = 0;
  JobTimes times;
  JobOutcome outcome = JobOutcome::pending;
  /// Set when the outcome is `failed`.
  std::optional<Failure> failure;
};

class PoolObserver {
 public:
  virtual ~PoolObserver() = default;

  virtual void jobQueued(const JobReport& job);
  virtual void jobDispatched(const JobReport& job);
  /// Its worker had not begun it and does not have it any more: a job before it takes long, or
  /// another worker has nothing to do. It is queued again, unless the pool is being stopped.
  virtual void jobTakenBack(const JobReport& job);
  /// Its worker died and it will run elsewhere.
  virtual void jobRequeued(const JobReport& job, const DeathCertificate& death);
  /// Its end, once for each job; also for one that was refused and never queued, whose Deferred has
  /// failed by then.
  virtual void jobSettled(const JobReport& job);

  virtual void workerSpawned(const WorkerStatus& worker);
  virtual void workerReady(const WorkerStatus& worker);
  /// Its end, once for each worker, whatever the cause.
  virtual void workerDied(const DeathCertificate& death);
};

}  // namespace phial
