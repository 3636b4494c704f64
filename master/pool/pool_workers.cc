// What workers report, and what follows from it.
#include <phial/master/errors.h>

#include <utility>

#include "master/pool/pool_core.h"

namespace phial::inline v1::detail {

void PoolCore::workerReady(PoolWorker& worker) {
  crew_.ready(worker, demand());
  finishPending();
}

void PoolCore::workerChanged(PoolWorker& worker) { crew_.changed(worker); }

std::unique_ptr<ResultReading> PoolCore::jobArrived(schema::JobResult::Reader result) {
  return intake_.arrived(result);
}

void PoolCore::jobAnswered(PoolWorker& worker, const JobAnswer& answer) {
  crew_.staffing().noteAnswer(worker.number());
  intake_.answered(answer);
}

void PoolCore::jobUnwritable(std::uint64_t job, Failure failure) {
  JobEntry* const entry = books_.find(job);
  if (entry != nullptr) books_.fail(*entry, argumentFailure(std::move(failure)));
}

void PoolCore::workerAnswered(PoolWorker& worker) {
  crew_.answered(worker, demand());
  noteIdle(worker);
  finishPending();
}

// Its own jobs, or the holder's release, may have waited for this.
void PoolCore::noteIdle(const PoolWorker& worker) {
  books_.placed().markIfWaitedFor(worker.number());
  if (leases_.held() == 0) return;
  const Seat* const seat = crew_.roster().find(worker.number());
  if (seat != nullptr) leases_.lookAt(*seat);
}

void PoolCore::workerEndedLease(PoolWorker&, std::uint64_t lease) {
  leases_.sessionEnded(lease, demand());
  finishPending();
}

void PoolCore::workerCalled(PoolWorker& worker, std::shared_ptr<ChildCall> call) {
  children_.submit(worker, call);
}

void PoolCore::workerTookCallBack(PoolWorker&, std::uint64_t job, std::uint64_t number) {
  children_.tookBack(job, number);
}

void PoolCore::workerWaits(PoolWorker& worker, const JobWait* wait) {
  children_.waits(worker, wait);
}

void PoolCore::workerGaveBack(PoolWorker&, const std::vector<std::uint64_t>& jobs) {
  dispatcher_.sendBack(jobs);
  pending_.finishSoon();
}

// Told in line with the jobs' ends, so that the last report comes before its job's.
void PoolCore::workerProgressed(std::uint64_t id, double fraction, std::string note) {
  const JobEntry* const entry = books_.find(id);
  if (entry == nullptr) return;
  reporter_.progress(*entry, fraction, std::move(note));
  pending_.finishSoon();
}

void PoolCore::workerLacks(const std::string& what) { reporter_.lacks(what); }

void PoolCore::noteObjects(std::uint64_t worker, const ObjectBoundary::Use& use) {
  Seat* const seat = crew_.roster().find(worker);
  if (seat == nullptr) return;
  if (seat->bound && !use.bound) unbound_.push_back(worker);
  crew_.roster().setObjects(*seat, use.bound, use.calls > 0);
  pending_.finishSoon();
}

// Workers whose objects the program has dropped.
void PoolCore::releaseUnbound() {
  for (const std::uint64_t worker : std::exchange(unbound_, {})) {
    Seat* const seat = crew_.roster().find(worker);
    if (seat != nullptr && !seat->bound) crew_.unbound(*seat, demand());
  }
}

void PoolCore::workerDied(PoolWorker& worker, DeathCertificate death) {
  objects_.workerDied(worker.number(), Failure(WorkerDied(death)));
  const Seat* const seat = crew_.roster().find(worker.number());
  const std::uint64_t lease = seat != nullptr ? seat->lease : 0;
  const bool noneGetsReady = crew_.died(worker, death);
  judge_.judge(worker, death);
  if (lease != 0 || books_.placed().anyFor(worker.number())) {
    const Failure failure{WorkerDied(death)};
    books_.condemnOf(worker.number(), failure);
    leases_.workerDied(lease, failure);
  }
  if (noneGetsReady) giveUpStarting(death);
  finishPending();
}

}  // namespace phial::inline v1::detail
