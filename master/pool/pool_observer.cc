#include <phial/master/pool_observer.h>

namespace phial::inline v1 {

void PoolObserver::jobQueued(const JobReport&) {}
void PoolObserver::jobDispatched(const JobReport&) {}
void PoolObserver::jobTakenBack(const JobReport&) {}
void PoolObserver::jobRequeued(const JobReport&, const DeathCertificate&) {}
void PoolObserver::jobSettled(const JobReport&) {}
void PoolObserver::workerSpawned(const WorkerStatus&) {}
void PoolObserver::workerReady(const WorkerStatus&) {}
void PoolObserver::workerDied(const DeathCertificate&) {}

}  // namespace phial::inline v1
