// What the pool tells its observer. Events wait in line with the Deferreds, so that user code runs
// when the books are in order and in the order of what happened.
#include <utility>

#include "master/pool/pool_core.h"

namespace phial::detail {
namespace {

JobReport reportOf(const Job& job) {
  JobReport report;
  report.id = job.id;
  report.function = job.function().name;
  report.label = job.label();
  report.priority = job.options().priority;
  return report;
}

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
void PoolCore::observe(Event event, Args... args) {
  settlements_.notify([observer = observer_, log = log_, event, ... args = std::move(args)] {
    try {
      (*observer.*event)(args...);
    } catch (...) {
      const Failure failure = Failure::current();
      log->write(LogLevel::error, 0,
                 oneLine("the pool's observer threw " + failure.type() + ": " + failure.message()));
    }
  });
}

void PoolCore::observeJob(void (PoolObserver::*event)(const JobReport&), const JobEntry& entry) {
  if (observer_) observe(event, reportOf(entry));
}

void PoolCore::observeRefused(const Job& job, const Failure& failure) {
  if (!observer_) return;
  JobReport report = reportOf(job);
  report.times.queued = reactor_.now();
  report.times.settled = report.times.queued;
  report.outcome = JobOutcome::failed;
  report.failure = failure;
  observe(&PoolObserver::jobSettled, std::move(report));
}

void PoolCore::observeRequeued(const JobEntry& entry, const DeathCertificate& death) {
  if (observer_) observe(&PoolObserver::jobRequeued, reportOf(entry), death);
}

void PoolCore::observeSettled(const JobEntry& entry, Column outcome, const Failure* failure) {
  if (!observer_) return;
  JobReport report = reportOf(entry);
  report.times.settled = reactor_.now();
  report.outcome = outcome == Column::succeeded ? JobOutcome::succeeded
                   : outcome == Column::failed  ? JobOutcome::failed
                                                : JobOutcome::cancelled;
  if (failure != nullptr) report.failure = *failure;
  observe(&PoolObserver::jobSettled, std::move(report));
}

void PoolCore::observeWorker(void (PoolObserver::*event)(const WorkerStatus&),
                             const PoolWorker& worker) {
  if (observer_) observe(event, worker.status());
}

void PoolCore::observeDeath(const DeathCertificate& death) {
  if (observer_) observe(&PoolObserver::workerDied, death);
}

}  // namespace phial::detail
