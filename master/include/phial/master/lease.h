// One worker for one caller, which keeps state between calls.
//
//   pool.lease().addCallback([](phial::Lease lease) {
//     return lease.deferToProcess<open>("big.db")
//         .addCallback([lease] { return lease.deferToProcess<query>("select 1"); });
//   });
//
//   void open(const std::string& path) { phial::currentJob().session<Database>().open(path); }
//
// When to use one: when a call needs what an earlier call has left in the worker, such as an open
// database, a parsed document or an interpreter. A caller that only wants a job to run alone needs
// no lease; JobOptions::freshWorker gives one job a worker of its own.
//
// A Lease is a Submitter: deferToProcess, call, map and the others run in its worker, one at a
// time, by priority and then in the order of submission. Timeouts, deadlines, cancelling and
// progress are as everywhere. A job that is ended by force, for its timeout or because it did not
// give up when it was cancelled, ends the worker and so the lease.
//
// The end of a lease:
// - It is released when release() is called, or when the last handle is dropped: the Lease, its
//   copies, the Submitters made of it, and the maps that run on it. Jobs that were submitted before
//   still run. Then the session's objects are destroyed, and the worker is retired; with
//   After::reuse it returns to the pool.
// - It is over when its worker dies. The job that was running fails as any job whose worker dies.
//   The jobs behind it fail with WorkerDied and the same certificate, and Failure::mayHaveRun() is
//   false for them. So do all later calls. Nothing of a lease ever runs in another worker, whatever
//   JobOptions::rerun says, since the state is gone. The pool replaces the worker.
// - It is over when the pool is stopped. A running job may end; later calls fail with PoolStopped.
//
// What it costs: a worker that serves nobody else, idle or not, for as long as the lease is held,
// and afterwards the start of a process, unless it is reused. The pool does not take a leased
// worker away: recycleAfter, recycleAboveRssBytes, maxIdle, reload() and adjustPoolSize() wait for
// its release.
//
// Life: a Lease may outlive its pool. Its calls then fail with PoolStopped.
//
// Thread rule: as Submitter, the reactor's thread.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/deferred.h>
#include <phial/master/submitter.h>

#include <cstdint>
#include <memory>
#include <optional>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {
class LeaseRecord;
class Leases;
}  // namespace detail

/// What becomes of a leased worker when the lease has been released.
enum class After {
  retire,  ///< it ends, so that nobody meets what the holder has left in its memory
  reuse,   ///< it serves the pool again; only the session's objects are destroyed
};

/// Fields stand in the order in which a designated initializer must name them.
struct LeaseOptions {
  /// Default: the worker is retired. Price: the start of a process for each lease.
  After after = After::retire;

  /// The point on the pool's clock by which the lease must have begun. If it passes while the lease
  /// waits, lease() fails with DeadlineExceeded. Default: none.
  std::optional<TimePoint> deadline = std::nullopt;
};

/// The handle of a lease. Copies hold the same lease. Made by ProcessPool::lease.
class Lease : public Submitter {
 public:
  /// The number of the leased worker, as in WorkerStatus.
  std::uint64_t worker() const;

  /// Releases the lease although other handles may be left: later calls on any of them fail with
  /// std::logic_error. Jobs that were submitted before still run. May be called again.
  void release() const;

  /// True if later calls fail: the lease was released, its worker has died, or the pool has been
  /// stopped.
  bool over() const;

  /// Waits for the end of the lease. Fires when it has been released, its last job has ended and
  /// its worker has been given back or told to exit. Fails with WorkerDied, whose certificate says
  /// why, when its worker dies before that; with PoolStopped when the pool is stopped. Fires from
  /// the loop, or has fired already when the end has passed. Does not hold the lease. Cancelling
  /// ends the waiting.
  Deferred<void> whenOver() const;

 private:
  friend class detail::Leases;
  Lease(std::shared_ptr<detail::PoolLink> link, std::shared_ptr<detail::LeaseRecord> record);

  std::shared_ptr<detail::LeaseRecord> record_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
