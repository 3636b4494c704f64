// Who may come in: which jobs a pool takes, and when there is room for the next.
//
// A refusal is decided when a job is submitted, from what is known then, and costs no copy of the
// arguments. What can only be found out later, such as a function that no worker knows, is not
// decided here.
//
// Thread rule: the loop's. Calls no user code but the codecs that measure arguments.
#pragma once

#include <phial/master/detail/job.h>
#include <phial/protocol/failure.h>

#include <optional>

#include "master/pool/crew.h"
#include "master/pool/job_books.h"
#include "master/pool/pool_context.h"
#include "master/pool/pool_life.h"
#include "master/pool/schedule.h"

namespace phial::inline v1::detail {

class Admission {
 public:
  /// All are borrowed.
  Admission(const PoolContext& context, const PoolLife& life, const JobBooks& books,
            const Crew& crew, const Schedule& schedule)
      : context_(context), life_(life), books_(books), crew_(crew), schedule_(schedule) {}

  /// Why the job cannot be taken; nothing when it can.
  std::optional<Failure> refusal(const Job& job, const Placement& placement = {}) const;
  /// Why a start would be waited for in vain: the pool is stopping, or no worker gets ready.
  std::optional<Failure> startRefusal() const;
  /// PoolStopped once the pool is stopping.
  std::optional<Failure> stopped() const;
  /// Whether the queue takes one more job. A job for which a worker is free does not wait there.
  /// The jobs that wait for one worker count for themselves, because others do not wait behind
  /// them.
  bool hasRoom(const Placement& placement = {}) const;

 private:
  std::optional<Failure> childRefusal() const;
  std::optional<Failure> objection(const Job& job, const Placement& placement) const;
  std::size_t inLine(const Placement& placement) const;

  const PoolContext context_;
  const PoolLife& life_;
  const JobBooks& books_;
  const Crew& crew_;
  const Schedule& schedule_;
};

}  // namespace phial::inline v1::detail
