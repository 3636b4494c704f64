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
  finishPending();
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

void PoolCore::noteObjects(std::uint64_t, const ObjectBoundary::Use&) { pending_.finishSoon(); }

void PoolCore::workerDied(PoolWorker& worker, DeathCertificate death) {
  objects_.workerDied(worker.number(), Failure(WorkerDied(death)));
  const bool noneGetsReady = crew_.died(worker, death);
  judge_.judge(worker, death);
  if (noneGetsReady) giveUpStarting(death);
  finishPending();
}

}  // namespace phial::inline v1::detail
