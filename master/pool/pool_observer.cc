#include <phial/master/job_event.h>

namespace phial::inline v1 {

void PoolObserver::jobQueued(const JobReport&) {}
void PoolObserver::jobDispatched(const JobReport&) {}
void PoolObserver::jobTakenBack(const JobReport&) {}
void PoolObserver::jobRequeued(const JobReport&, const DeathCertificate&) {}
void PoolObserver::jobSettled(const JobReport&) {}
void PoolObserver::workerSpawned(const WorkerStatus&) {}
void PoolObserver::workerReady(const WorkerStatus&) {}
void PoolObserver::workerDied(const DeathCertificate&) {}
void PoolObserver::poolEnded(const PoolStats&) {}

bool BatchObserver::wantsTimings() const { return false; }

JobReport JobEvent::report() const {
  JobReport report;
  writeTo(report);
  return report;
}

void JobEvent::writeTo(JobReport& report) const {
  report.id = id;
  report.function = function;
  report.label = label;
  report.trace = trace;
  report.priority = priority;
  report.worker = worker;
  report.attempts = attempts;
  report.times = times;
  report.outcome = outcome;
  if (failure != nullptr) {
    report.failure = *failure;
  } else {
    report.failure.reset();
  }
}

}  // namespace phial::inline v1
