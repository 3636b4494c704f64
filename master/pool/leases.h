// The leases of a pool: who holds which worker, and who waits for one.
//
//   request --a worker is idle, and the limit allows it--> held --release--> draining
//     |                                                      |                  | the last job
//     ended | cancel, deadline, stop                               | the worker dies, +--> retired:
//     gone v                                                      | the pool stops   +--> ending:
//     the
//   gone                                                     v                       worker
//   destroys
//                                                          over                      the session:
//                                                          gone
//
// A leased worker's seat carries the number of the lease, and the Roster keeps such seats out of
// every line that other decisions look at. The jobs of a lease wait in their worker's own line
// (placed_jobs.h).
//
// Leases come before jobs: an idle worker goes to the request that waits longest. Their number is
// limited, so that workers are left for jobs.
//
// Thread rule: the loop's. Calls no user code: what is to be told joins the SettlementQueue. A
// Lease that nobody wants is dropped there, which comes back as release().
#pragma once

#include <phial/master/lease.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>

#include "master/pool/crew.h"
#include "master/pool/job_books.h"
#include "master/pool/lease_record.h"
#include "master/pool/pool_context.h"
#include "master/pool/settlement_queue.h"

namespace phial::inline v1::detail {

class PlacedRunner;
class PoolCore;

class Leases {
 public:
  /// All are borrowed. `core` runs the jobs of the leases.
  Leases(PoolCore& core, const PoolContext& context, Crew& crew, JobBooks& books,
         SettlementQueue& settlements)
      : core_(core), context_(context), crew_(crew), books_(books), settlements_(settlements) {}
  Leases(const Leases&) = delete;
  Leases& operator=(const Leases&) = delete;

  /// Waits for a worker. Cancelling gives up the place.
  Deferred<Lease> request(const LeaseOptions& options);
  /// How many requests a further worker each would serve.
  std::size_t waiting() const;
  /// How many workers are leased.
  std::size_t held() const { return leases_.size(); }
  /// Gives idle workers to those who wait.
  void grant();

  /// The holder wants no more calls. Does nothing in a process forked from the pool's own.
  void release(LeaseRecord& record);
  /// As release(): no handle is left.
  void drop(LeaseRecord& record);
  /// A worker may have become idle.
  void lookAt(const Seat& seat) {
    if (seat.lease != 0) due_.insert(seat.lease);
  }
  /// Takes the workers back whose leases have been released and whose jobs have ended.
  void takeBack(const Staffing::Demand& demand);
  /// A worker has destroyed the session of the lease.
  void sessionEnded(std::uint64_t lease, const Staffing::Demand& demand);
  /// The lease of this worker, if it has one, is over. Its jobs have been judged.
  void workerDied(std::uint64_t lease, const Failure& death);

  /// Fails those who wait for a worker.
  void failWaiting(const Failure& failure);
  /// The pool stops: fails those who wait, and ends all leases when their jobs have ended.
  void stop(const Failure& stopped);
  /// The pool is being destroyed: ends all leases here and now.
  void close(const Failure& stopped);

 private:
  struct Request {
    LeaseOptions options;
    Resolver<Lease> resolver;
    DelayedCall deadline;
  };
  struct Held {
    std::shared_ptr<LeaseRecord> record;
    After after;
    bool released = false;
    bool endsSession = false;
    std::optional<Failure> ending = std::nullopt;  // what those who wait for its end are to get
  };

  // The handles of a lease, which may outlive it.
  struct Handles {
    std::shared_ptr<LeaseRecord> record;
    std::weak_ptr<PoolLink> link;
    std::weak_ptr<PlacedRunner> runner;
  };

  std::size_t limit() const;
  void give(Request request, Seat& seat);
  void fail(Resolver<Lease> resolver, const Failure& failure);
  void deadlinePassed(std::uint64_t request);
  void markReleased(std::uint64_t lease, Held& held);
  void takeBack(std::uint64_t lease, Held& held, Seat& seat, const Staffing::Demand& demand);
  void over(std::map<std::uint64_t, Held>::iterator held, Outcome<void> end);

  PoolCore& core_;
  const PoolContext context_;
  Crew& crew_;
  JobBooks& books_;
  SettlementQueue& settlements_;
  std::uint64_t lastRequest_ = 0;
  std::uint64_t lastLease_ = 0;
  std::map<std::uint64_t, Request> requests_;  // by number
  std::map<std::uint64_t, Held> leases_;       // by number
  std::map<std::uint64_t, Handles> handles_;   // by number of the lease, until the last has gone
  std::set<std::uint64_t> due_;                // leases whose workers may be taken back
};

}  // namespace phial::inline v1::detail
