// What the handles of a lease and the pool both know of it.
//
// Handles may outlive the pool, so they refer to the record and not to the pool. The pool detaches
// the record when it ends.
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/outcome.h>
#include <phial/protocol/failure.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace phial::inline v1::detail {

class Leases;

class LeaseRecord {
 public:
  LeaseRecord(Leases& leases, std::uint64_t itsId, std::uint64_t itsWorker)
      : id(itsId), worker(itsWorker), leases_(&leases) {}
  LeaseRecord(const LeaseRecord&) = delete;
  LeaseRecord& operator=(const LeaseRecord&) = delete;

  const std::uint64_t id;
  const std::uint64_t worker;

  /// What a call fails with; empty while the lease takes calls.
  const std::optional<Failure>& refusal() const { return refusal_; }
  /// The first refusal counts.
  void refuseCalls(Failure refusal) {
    if (!refusal_) refusal_ = std::move(refusal);
  }
  /// The holder wants no more calls. No effect when the lease is over.
  void release();
  /// As release(), when the last handle has gone.
  void drop();

  Deferred<void> whenOver();
  /// The lease has ended. Returns those who wait for it; they are to be told `end`.
  std::vector<Resolver<void>> end(Outcome<void> end);

  /// The pool has ended.
  void detach() { leases_ = nullptr; }

 private:
  Leases* leases_;
  std::optional<Failure> refusal_;
  std::optional<Outcome<void>> end_;
  std::vector<Resolver<void>> waiters_;
};

}  // namespace phial::inline v1::detail
