#include "master/pool/pool_reporter.h"

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

template <class Event, class... Args>
void PoolReporter::tell(Event event, Args... args) {
  line_.notify(observers_.telling(event, std::move(args)...));
}

void PoolReporter::job(JobEvent event, const JobEntry& entry) {
  if (observed()) tell(event, reportOf(entry));
}

void PoolReporter::worker(WorkerEvent event, const PoolWorker& worker) {
  if (observed()) tell(event, worker.status());
}

void PoolReporter::refused(const Job& job, const Failure& failure) {
  if (!observed()) return;
  JobReport report = reportOf(job);
  report.times.queued = reactor_.now();
  report.times.settled = report.times.queued;
  report.outcome = JobOutcome::failed;
  report.failure = failure;
  tell(&PoolObserver::jobSettled, std::move(report));
}

void PoolReporter::requeued(const JobEntry& entry, const DeathCertificate& death) {
  if (observed()) tell(&PoolObserver::jobRequeued, reportOf(entry), death);
}

void PoolReporter::settled(const JobEntry& entry, JobOutcome outcome, const Failure* failure) {
  if (!observed()) return;
  JobReport report = reportOf(entry);
  report.times.settled = reactor_.now();
  report.outcome = outcome;
  if (failure != nullptr) report.failure = *failure;
  tell(&PoolObserver::jobSettled, std::move(report));
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
