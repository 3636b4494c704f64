// What a pool reports: to its log, to its observers, and to the onProgress functions of its jobs.
//
// All of these are the program's own code. So a report only joins the line of the Deferreds that
// are to be fired, and is made when the pool's books are in order, in the order of what happened.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/master/pool_observer.h>
#include <phial/master/reactor.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "master/log/flood_gate.h"
#include "master/log/pool_log.h"
#include "master/pool/event_batch.h"
#include "master/pool/job_entry.h"
#include "master/pool/observers.h"
#include "master/pool/settlement_queue.h"

namespace phial::inline v1::detail {

class PoolReporter {
 public:
  /// `line` is where reports wait; `deliver` has the line delivered, after a timer of this class
  /// has added to it. `reactor` and `line` are borrowed.
  PoolReporter(Reactor& reactor, SettlementQueue& line, std::shared_ptr<PoolLog> log,
               std::function<void()> deliver)
      : reactor_(reactor),
        line_(line),
        log_(std::move(log)),
        deliver_(std::move(deliver)),
        observers_(log_) {}
  ~PoolReporter() { stop(); }
  PoolReporter(const PoolReporter&) = delete;
  PoolReporter& operator=(const PoolReporter&) = delete;

  const std::shared_ptr<PoolLog>& log() const { return log_; }
  Observation observe(std::shared_ptr<PoolObserver> observer) {
    return observers_.add(std::move(observer));
  }
  /// No timer adds to the line any more.
  void stop() { floodTimer_.cancel(); }

  // To the observers; nothing is copied while there is none.

  using WorkerEvent = void (PoolObserver::*)(const WorkerStatus&);
  void job(JobEvent::Kind kind, const JobEntry& entry);
  void worker(WorkerEvent event, const PoolWorker& worker);
  void refused(const Ref<Job>& job, const Failure& failure);
  void requeued(const JobEntry& entry, const DeathCertificate& death);
  /// `failure` is null unless the job has failed.
  void settled(const JobEntry& entry, JobOutcome outcome, const Failure* failure);
  /// Whether workers are to measure JobTimes::decoding and encoding.
  bool wantsTimings() { return observers_.wantTimings(); }

  // To the log.

  void say(LogLevel level, std::uint64_t worker, std::string text);
  /// A worker does without something. It is said once, whichever worker it is.
  void lacks(const std::string& what);
  /// To the observers: the pool is being destroyed, and all else has been reported.
  void ended(const PoolStats& stats);
  /// The pool ends without stop(), which nobody minds as long as no job is lost.
  void destroyed(std::size_t workers, std::uint64_t jobs);

  // To both.

  enum class End { wanted, unwanted };
  /// A worker has ended. A crash loop may bring a hundred deaths in a second: the log gets the
  /// first ones, and later the number of the others.
  void died(const DeathCertificate& death, End end);

  /// To the job's onProgress, if it has one.
  void progress(const JobEntry& entry, double fraction, std::string note);

 private:
  bool observed() { return observers_.any(); }
  JobEvent& add(JobEvent::Kind kind, const Ref<Job>& job);
  JobEvent& add(JobEvent::Kind kind, const JobEntry& entry);
  TimePoint roughNow();
  template <class Event, class... Args>
  void tell(Event event, Args... args);
  void sayDeathsHeldBack();

  Reactor& reactor_;
  SettlementQueue& line_;
  const std::shared_ptr<PoolLog> log_;
  const std::function<void()> deliver_;
  Observers observers_;
  const std::shared_ptr<EventMemory> eventMemory_ = std::make_shared<EventMemory>();
  TimePoint noted_{};  // the latest look at the clock
  unsigned sinceNoted_ = 0;
  Ref<EventBatch> batch_;        // the latest; null when something else was told since
  std::set<std::string> lacks_;  // what has been said
  FloodGate deathGate_;
  DelayedCall floodTimer_;
};

}  // namespace phial::inline v1::detail
