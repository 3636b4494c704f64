// What happens to jobs, for programs that count or record every job: metrics and traces.
//
// A PoolObserver hears of one event at a time, with texts of its own, which costs some 0.1 us an
// event. A BatchObserver gets many events in one call, says which kinds it needs, and sees texts
// that stay where they are. The pool makes no event that nobody needs.
#pragma once

#include <phial/master/pool_observer.h>

#include <cstdint>
#include <span>
#include <string_view>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// One event of one job. Texts and failure are valid during the call that brings the event.
struct JobEvent {
  enum class Kind : std::uint8_t {
    queued,      ///< see PoolObserver::jobQueued
    dispatched,  ///< see PoolObserver::jobDispatched
    takenBack,   ///< see PoolObserver::jobTakenBack
    settled,     ///< see PoolObserver::jobSettled
  };

  Kind kind = Kind::queued;
  JobOutcome outcome = JobOutcome::pending;
  int priority = 0;
  unsigned attempts = 0;
  std::uint64_t id = 0;
  std::uint64_t worker = 0;
  std::string_view function;
  std::string_view label;
  /// JobOptions::trace; empty when the job has none.
  std::string_view trace;
  JobTimes times;
  /// Null unless the outcome is `failed`.
  const Failure* failure = nullptr;

  /// The event as an observer of single events gets it.
  JobReport report() const;
  /// The same, into a report whose strings may have room already.
  void writeTo(JobReport& report) const;
};

/// Receives a pool's job events in batches: see Pool::observe. The events of a batch are in the
/// order in which they happened. A batch arrives before the Deferred of any job that it settles
/// fires. The calls of PoolObserver for single jobs are not made, except jobRequeued(); those for
/// workers and for the pool are. Thread rule and exceptions: as for PoolObserver.
class BatchObserver : public PoolObserver {
 public:
  /// Whether jobEvents() is to bring events of this kind. Asked once for each kind, by observe().
  virtual bool wants(JobEvent::Kind kind) const = 0;
  /// Whether JobTimes::decoding and encoding are to be measured. Price: two more looks at the
  /// worker's clock for each job, about 50 ns. Asked once, by observe(). Default: false.
  virtual bool wantsTimings() const;

  /// `events` is not empty. It also holds kinds that only other observers want: check each kind.
  virtual void jobEvents(std::span<const JobEvent> events) = 0;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
