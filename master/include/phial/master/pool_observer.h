// Reports what happens in a pool, as it happens: for metrics, tracing and tests.
//
// Thread rule: calls come from the loop, one at a time, in the order of the events, when the pool's
// own bookkeeping is complete. jobSettled comes before the job's Deferred fires; the ends of some
// other jobs may be reported in between. An observer may call into the pool, drop its own
// Observation and destroy the pool. An exception of an observer is logged and goes no further.
//
// Price: nothing without an observer, and nothing for jobs if it overrides no function for jobs.
// Otherwise each event of an overridden function costs about 0.1 us and what the observer does with
// it. Who counts or records every job is better a BatchObserver: <phial/master/job_event.h>.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/master/pool_options.h>
#include <phial/protocol/failure.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// When a job reached each step, on the steady clock. A step that the job has not reached is empty.
struct JobTimes {
  /// When the job was submitted.
  TimePoint queued{};
  /// When the job was sent to its worker; after a rerun, to its latest worker.
  std::optional<TimePoint> dispatched;
  /// When the function was entered, and when it returned, by the worker's account. The pool drops
  /// times that contradict what it has seen itself.
  std::optional<TimePoint> started;
  std::optional<TimePoint> finished;
  /// When the pool had the job's outcome. In a burst, several jobs share one look at the clock.
  std::optional<TimePoint> settled;
  /// How long the worker took to read the arguments before `started`, and to write the result after
  /// `finished`. Zero unless an observer had asked for it when the job was dispatched: see
  /// BatchObserver::wantsTimings.
  Duration decoding{};
  Duration encoding{};
};

enum class JobOutcome {
  pending,
  succeeded,
  failed,
  cancelled,
};

/// A job, as it was at one moment.
struct JobReport {
  std::uint64_t id = 0;
  std::string function;
  std::string label;
  /// JobOptions::trace; empty when the job has none.
  std::string trace;
  int priority = 0;
  /// The number of the worker that has the job, or had it last; 0: none.
  std::uint64_t worker = 0;
  /// How often the job was sent to a worker, including the times when it was taken back.
  unsigned attempts = 0;
  JobTimes times;
  JobOutcome outcome = JobOutcome::pending;
  /// Set when `outcome` is `failed`.
  std::optional<Failure> failure;
};

/// Receives the events of a pool: see Pool::observe. Override the events of interest; the defaults
/// do nothing.
class PoolObserver {
 public:
  virtual ~PoolObserver() = default;

  virtual void jobQueued(const JobReport& job);
  virtual void jobDispatched(const JobReport& job);
  /// The job was taken back from a worker that had not begun it, because a job before it takes long
  /// or has a large result, or because another worker is idle. The job returns to the queue, unless
  /// the pool is being stopped.
  virtual void jobTakenBack(const JobReport& job);
  /// The job's worker died, and the job will run elsewhere.
  virtual void jobRequeued(const JobReport& job, const DeathCertificate& death);
  /// The job has ended; called once for each job. A job that was refused at submission is reported
  /// only here.
  virtual void jobSettled(const JobReport& job);

  virtual void workerSpawned(const WorkerStatus& worker);
  virtual void workerReady(const WorkerStatus& worker);
  /// The worker has ended, whatever the cause; called once for each worker.
  virtual void workerDied(const DeathCertificate& death);

  /// The pool is being destroyed, and these are its last counters. Nothing follows, except the
  /// refusal of jobs that other callbacks submit meanwhile.
  virtual void poolEnded(const PoolStats& stats);
};

namespace detail {
struct Watcher;
}

/// Keeps a PoolObserver informed; made by Pool::observe. Dropping it ends that, also inside a call
/// of the observer: no call follows, and the pool lets go of the observer. It may outlive the pool.
class [[nodiscard]] Observation {
 public:
  /// Keeps nobody informed.
  Observation() = default;
  explicit Observation(std::shared_ptr<detail::Watcher> watcher);
  Observation(Observation&&) noexcept = default;
  Observation& operator=(Observation&& other) noexcept;
  ~Observation() { stop(); }

  /// True until stop().
  bool active() const;
  /// Ends the observation. Harmless when there is none.
  void stop();

 private:
  std::shared_ptr<detail::Watcher> watcher_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
