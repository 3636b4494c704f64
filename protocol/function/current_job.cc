#include <phial/protocol/current_job.h>

#include <atomic>
#include <stdexcept>

namespace phial::inline v1 {
namespace {

std::atomic<CurrentJob*> current{nullptr};

}  // namespace

CurrentJob& currentJob() {
  CurrentJob* const job = current.load(std::memory_order_acquire);
  if (job == nullptr) throw std::logic_error("currentJob() was called outside of a job");
  return *job;
}

void* CurrentJob::sessionObject(const detail::SessionType&) {
  throw std::logic_error(
      "currentJob().session() was called outside of a lease: only the jobs of a lease have a "
      "session, see ProcessPool::lease");
}

detail::JobCalls& CurrentJob::calls() {
  throw std::logic_error(
      "currentJob().call() was called outside of a worker: only a job that a worker runs has a "
      "pool to call");
}

detail::ParentAccess& CurrentJob::parentAccess() {
  throw std::logic_error(
      "currentJob().parent() was called outside of a worker: only a job that a worker runs has a "
      "parent");
}

CurrentJob* detail::setCurrentJob(CurrentJob* job) noexcept {
  return current.exchange(job, std::memory_order_acq_rel);
}

}  // namespace phial::inline v1
