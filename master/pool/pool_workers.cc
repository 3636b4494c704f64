// What workers report, and what follows from it.
#include <phial/master/errors.h>

#include <utility>

#include "master/pool/pool_core.h"
#include "master/worker/death_report.h"

namespace phial::detail {

void PoolCore::workerReady(PoolWorker& worker) {
  reporter_.say(LogLevel::debug, worker.number(), "ready");
  everReady_ = true;
  staffing_.noteReady(worker.number());
  reporter_.worker(&PoolObserver::workerReady, worker);
  release(*roster_.find(worker.number()));
  finishPending();
}

// A worker that is being started is not on the roster yet.
void PoolCore::workerChanged(PoolWorker& worker) {
  Seat* const seat = roster_.find(worker.number());
  if (seat != nullptr) roster_.update(*seat, worker.load(), now());
}

std::unique_ptr<ResultReading> PoolCore::jobArrived(schema::JobResult::Reader result) {
  return intake_.arrived(result);
}

void PoolCore::jobAnswered(PoolWorker& worker, const JobAnswer& answer) {
  staffing_.noteAnswer(worker.number());
  intake_.answered(answer);
}

void PoolCore::jobUnwritable(std::uint64_t job, Failure failure) {
  JobEntry* const entry = books_.find(job);
  if (entry != nullptr) books_.fail(*entry, argumentFailure(std::move(failure)));
}

void PoolCore::workerAnswered(PoolWorker& worker) {
  release(*roster_.find(worker.number()));
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

void PoolCore::workerDied(PoolWorker& worker, DeathCertificate death) {
  Seat& seat = *roster_.find(worker.number());
  bury(seat.worker);
  roster_.remove(seat);
  countDeath(death);
  judge_.judge(worker, death);
  if (staffing_.noteDeath(death, clock_.now())) giveUpStarting(death);
  finishPending();
}

// A worker is on the stack when it reports its death; it is destroyed when that has unwound.
void PoolCore::bury(WorkerPtr worker) {
  reactor_.callSoon([worker = std::move(worker)] {});
}

void PoolCore::countDeath(const DeathCertificate& death) {
  const bool recycled = death.cause == DeathCause::recycle;
  const bool wanted = recycled || death.cause == DeathCause::shutdown;
  if (recycled) ++recycled_;
  if (!wanted) ++deaths_;
  reporter_.died(death, wanted ? PoolReporter::End::wanted : PoolReporter::End::unwanted);
}

}  // namespace phial::detail
