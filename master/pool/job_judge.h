// Settles what a dead worker has left behind: each job that it held fails, or runs again.
//
// Of the jobs that a worker held, one ran or was to be next; the others only waited in it, and are
// queued again without a trace. For the one, Verdict decides. JobJudge carries out the verdict: it
// fails the job, or queues it at the head, or lets it pause first, because it may do the same
// again.
//
// Thread rule: the loop's. Calls no user code.
#pragma once

#include <phial/master/death_certificate.h>

#include <cstdint>
#include <random>

#include "master/pool/job_books.h"
#include "master/pool/pool_context.h"

namespace phial::inline v1::detail {

class JobJudge {
 public:
  /// `books` is borrowed.
  JobJudge(const PoolContext& context, JobBooks& books)
      : context_(context), books_(books), random_(std::random_device{}()) {}

  /// Judges all jobs that `worker` held when it died. Afterwards no job is with this worker.
  void judge(const PoolWorker& worker, const DeathCertificate& death);

  /// How often a job was queued again because its worker had died.
  std::uint64_t reruns() const { return reruns_; }

 private:
  void judge(JobEntry& entry, const DeathCertificate& death);
  void noteRerun(const JobEntry& entry, const DeathCertificate& death);
  void pause(JobEntry& entry);

  const PoolContext context_;
  JobBooks& books_;
  std::mt19937_64 random_;  // for the pauses
  std::uint64_t reruns_ = 0;
};

}  // namespace phial::inline v1::detail
