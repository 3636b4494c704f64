#include "master/pool/pool_reporter.h"

#include <phial/protocol/probes.h>

#include <algorithm>
#include <utility>

#include "master/worker/death_report.h"

namespace phial::inline v1::detail {
namespace {

JobReport reportOf(const JobEntry& entry) {
  JobReport report = reportOf(*entry.job);
  if (entry.state) {
    report.worker = entry.state->workerNumber;
    report.attempts = entry.state->attempts;
    report.times = entry.state->times;
  }
  report.times.queued = entry.queued;
  return report;
}

}  // namespace

// What comes later is told later.
template <class Event, class... Args>
void PoolReporter::tell(Event event, Args... args) {
  batch_ = {};
  line_.notify(observers_.telling(event, std::move(args)...));
}

// Of the Deferreds that fire between two events of a batch, the second event concerns none.
JobEvent& PoolReporter::add(JobEvent::Kind kind, const Ref<Job>& job) {
  const auto& list = observers_.list();
  if (!batch_ || !batch_->open(list.get())) {
    batch_ = Ref<EventBatch>(new EventBatch(list, observers_.log(), eventMemory_));
    line_.notify(batch_);
    sinceNoted_ = 0;
  }
  return batch_->add(kind, job);
}

JobEvent& PoolReporter::add(JobEvent::Kind kind, const JobEntry& entry) {
  JobEvent& event = add(kind, entry.job);
  if (entry.state) {
    event.worker = entry.state->workerNumber;
    event.attempts = entry.state->attempts;
    event.times = entry.state->times;
  }
  event.times.queued = entry.queued;
  return event;
}

// A look at the clock costs as much as the rest of an event. Of the events of one batch, sixteen
// share one.
TimePoint PoolReporter::roughNow() {
  constexpr unsigned kShared = 16;
  if (sinceNoted_++ % kShared == 0) noted_ = reactor_.now();
  return noted_;
}

void PoolReporter::job(JobEvent::Kind kind, const JobEntry& entry) {
  if (observers_.want(kind)) add(kind, entry);
}

void PoolReporter::worker(WorkerEvent event, const PoolWorker& worker) {
  if (observed()) tell(event, worker.status());
}

void PoolReporter::refused(const Ref<Job>& job, const Failure& failure) {
  if (!observers_.want(JobEvent::Kind::settled)) return;
  JobEvent& event = add(JobEvent::Kind::settled, job);
  event.times.queued = reactor_.now();
  event.times.settled = event.times.queued;
  event.outcome = JobOutcome::failed;
  batch_->fail(failure);
}

void PoolReporter::requeued(const JobEntry& entry, const DeathCertificate& death) {
  if (observed()) tell(&PoolObserver::jobRequeued, reportOf(entry), death);
}

void PoolReporter::settled(const JobEntry& entry, JobOutcome outcome, const Failure* failure) {
  if (!observers_.want(JobEvent::Kind::settled)) return;
  JobEvent& event = add(JobEvent::Kind::settled, entry);
  event.times.settled = std::max(roughNow(), event.times.finished.value_or(TimePoint::min()));
  event.outcome = outcome;
  if (failure != nullptr) batch_->fail(*failure);
}

void PoolReporter::ended(const PoolStats& stats) {
  if (observed()) tell(&PoolObserver::poolEnded, stats);
}

void PoolReporter::say(LogLevel level, std::uint64_t worker, std::string text) {
  line_.notify(
      [log = log_, level, worker, text = std::move(text)] { log->write(level, worker, text); });
}

void PoolReporter::lacks(const std::string& what) {
  if (lacks_.insert(what).second) say(LogLevel::warning, 0, oneLine(what));
}

void PoolReporter::destroyed(std::size_t workers, std::uint64_t jobs) {
  sayDeathsHeldBack();
  if (workers == 0 && jobs == 0) return;
  say(jobs > 0 ? LogLevel::warning : LogLevel::debug, 0,
      "destroyed without stop(): kills " + std::to_string(workers) + " workers and fails " +
          std::to_string(jobs) + " unfinished jobs");
}

void PoolReporter::died(const DeathCertificate& death, End end) {
  PHIAL_PROBE3(death, death.worker, death.pid, static_cast<int>(death.cause));
  if (end == End::wanted) {
    say(LogLevel::debug, death.worker, report(death));
  } else if (deathGate_.admit(reactor_.now())) {
    say(LogLevel::warning, death.worker, report(death));
  } else if (!floodTimer_.active()) {
    floodTimer_ = reactor_.callLater(FloodGate::kPeriod, [this] {
      sayDeathsHeldBack();
      deliver_();
    });
  }
  if (observed()) tell(&PoolObserver::workerDied, death);
}

void PoolReporter::sayDeathsHeldBack() {
  if (deathGate_.heldBack() == 0) return;
  say(LogLevel::warning, 0,
      std::to_string(deathGate_.takeHeldBack()) +
          " more workers died, too many a second to be reported one by one");
}

void PoolReporter::progress(const JobEntry& entry, double fraction, std::string note) {
  const auto& callback = entry.job->options().onProgress;
  if (!callback) return;
  line_.notify(
      [job = entry.job, callback = *callback, fraction, note = std::move(note), log = log_] {
        if (job->settled() || !callback) return;  // cancelled since
        try {
          callback(fraction, note);
        } catch (...) {
          const Failure failure = Failure::current();
          log->write(LogLevel::error, 0,
                     oneLine("onProgress of job " + std::to_string(job->id) + " threw " +
                             failure.type() + ": " + failure.message()));
        }
      });
}

}  // namespace phial::inline v1::detail
