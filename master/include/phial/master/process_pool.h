// A pool of worker processes that compute on behalf of an event loop.
//
//   pool.deferToProcess<isPrime>(n).addCallback([](bool prime) { ... });
//
// The call returns at once with a Deferred. The pool sends the arguments to a worker, which is a
// child process that the pool has spawned and watches. The result comes back through the loop. If
// the function crashes, its worker ends and the job's Deferred fails; no other job fails.
//
// Life: a pool is made on a Reactor, which must outlive the pool. Workers start with start() or
// with the first job. While jobs wait, the pool starts more workers, up to `max`. A worker above
// `min` stops after it has been idle for `maxIdle`. stop() ends the pool in order. The destructor
// kills the workers that are left; the Reactor reaps them.
//
// What the pool promises, whatever dies:
// - Every Deferred that the pool has handed out settles exactly once.
// - A crash fails the job that was running, and no other job.
// - No child, descriptor or timer is left behind.
// - No call from the loop takes longer than a millisecond, spawning included. There are two
//   exceptions. deferToProcess copies a large argument at once when the caller keeps it (64 MiB
//   take 5 ms). Destroying a pool that was not stopped fails all its jobs at once (a million queued
//   jobs take a second). deferToProcess and the destructor each say how to avoid the wait.
//
// Thread rule: the pool belongs to the reactor's thread. Results and refusals arrive from the loop,
// never inside a call. A callback may call the pool, stop the pool, or destroy the pool. Threads of
// the library copy and free large memory, so that the loop need not; these threads run no code of
// the program's and handle no signals.
//
// Fork: in a process forked from the pool's own, every call that returns a Deferred fails with
// PoolStopped, and the destructor does nothing. The workers stay the parent's.
//
// A ProcessPool is a Pool and a Submitter: submitter.h documents deferToProcess, map and forEach,
// pool.h documents start, stop, whenBelow, stats and observe.
//
// After Ampoule's ProcessPool and Twisted's deferToThread.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/lease.h>
#include <phial/master/pool.h>
#include <phial/master/pool_options.h>
#include <phial/master/reactor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {
class EveryCall;
class PoolCore;
}  // namespace detail

/// Which workers make the call of ProcessPool::onEveryWorker.
enum class EveryWorker {
  readyNow,  ///< those that are ready
  laterToo,  ///< also each one that gets ready afterwards, before its first job
};

/// The outcome of a call in one worker.
template <class R>
struct WorkerOutcome {
  std::uint64_t worker;  ///< its number, as in WorkerStatus
  Outcome<R> outcome;
};

class ProcessPool final : public Pool {
 public:
  /// Makes a pool; spawns no worker yet. Throws std::invalid_argument, naming the field, when an
  /// option is out of range or contradicts another option. Throws std::logic_error on another
  /// thread than the reactor's.
  ///
  /// If this process was itself started as a worker and has not called serveIfWorker, the
  /// constructor prints the reason and exits with kNeverServedStatus. Without this check such a
  /// program would spawn itself without end.
  explicit ProcessPool(Reactor& reactor, PoolOptions options = {});
  /// For tests: as above, but timeouts, deadlines, pauses and idle times run on `clock`. `clock` is
  /// borrowed and must outlive the pool.
  ProcessPool(Reactor& reactor, PoolOptions options, Clock& clock);
  /// After the Deferred of stop() has fired, the destructor has nothing left to do. Before that, it
  /// kills every worker, writes a line to the log, and fails every queued or running job with
  /// PoolStopped. The callbacks of these jobs run inside the destructor, so the objects that they
  /// refer to must outlive the pool, but need not live longer.
  ///
  /// The destructor does not wait for the killed workers: the Reactor reaps them, at the latest
  /// when the Reactor itself is destroyed. Cost: about one second for a million queued jobs, during
  /// which the loop stands still. stop() spreads the same work over many turns of the loop.
  ~ProcessPool();
  ProcessPool(const ProcessPool&) = delete;
  ProcessPool& operator=(const ProcessPool&) = delete;

  /// Changes the least and the largest number of workers. Starts workers when jobs wait or fewer
  /// than `min` workers live. If more than `max` workers live, stops idle ones at once and busy
  /// ones when their jobs have ended. Fires and fails as start() does. Throws std::invalid_argument
  /// unless 1 <= max and min <= max.
  Deferred<void> adjustPoolSize(std::size_t min, std::size_t max);

  /// Replaces every worker by a worker that runs the program as it is on disk now. The change is
  /// rolling: each new worker is ready before an old worker ends, at most one worker above `max`
  /// lives for this, and no job fails. An old worker that is running a job ends when the job has
  /// ended, an old worker that is leased when its lease is released. Fires when no old worker is
  /// left. If reload() is called again before that, the change
  /// includes the workers that have been started since.
  ///
  /// If PoolOptions::worker is set, its program is looked up again, in PATH too. Otherwise the pool
  /// starts the file that now lies at this program's path; until the first reload() it starts the
  /// very file that this process was started from, even if that has been replaced on disk. If the
  /// new program is another build: a function whose signature has changed fails with EncodingError,
  /// and a program with another build of Phial does not start. From then on, replacements for dead
  /// workers also run the reloaded program.
  ///
  /// Fails with StartupFailed when RestartOptions::failedStarts new workers in a row do not start.
  /// The old workers then go on; if PoolOptions::worker is empty, the pool starts the file of this
  /// process again. Fails with PoolStopped when the pool is stopped. Cancelling ends the waiting,
  /// not the change.
  Deferred<void> reload();

  /// Kills every worker that lives now, by SIGKILL, and goes on: the pool starts others as it needs
  /// them, without a pause. A job that was running fails with WorkerDied, whose certificate has the
  /// cause DeathCause::killed, or runs again with Rerun::always; a job that had not begun runs
  /// elsewhere, and nothing is held against it. Fires when the killed workers have been reaped;
  /// does not fail. Cancelling ends the waiting, not the killing.
  Deferred<void> killWorkers();

  /// Leases a worker: from now on it serves the holder of the returned Lease alone. lease.h tells
  /// what a lease is for, what it costs, and how it ends.
  ///
  /// Fires from the loop as soon as a worker is free for the lease; a lease comes before the jobs
  /// that wait. At most PoolOptions::maxLeases are held at a time; further ones wait, first come,
  /// first served. Fails with DeadlineExceeded when LeaseOptions::deadline passes first, with
  /// PoolStopped when the pool is stopped, with StartupFailed when no worker gets ready. Cancelling
  /// gives up the place in the queue. If the Deferred was dropped, the lease is released as soon as
  /// it is there.
  Deferred<Lease> lease(LeaseOptions options = {});

  /// Runs `function(args...)` once in each worker that is ready now, between its jobs; a leased
  /// worker too. `function` is named as in deferToProcess; arguments are copied for each worker.
  /// Returns the outcome of each, in the order of the workers' numbers. A worker that dies before
  /// its call has ended has a WorkerDied as its outcome; the function runs nowhere else in its
  /// place. Cancelling cancels each call. A busy worker takes no further job until it has made the
  /// call.
  ///
  ///   pool.onEveryWorker<setLevel>(3);                              // those that are ready
  ///   pool.onEveryWorker<setLevel, EveryWorker::laterToo>(3);      // and those that come
  ///
  /// With EveryWorker::laterToo each worker that gets ready from now on makes the call before its
  /// first job, after PoolOptions::onStart, and under the same rules: the function must return
  /// nothing, and if it throws, the worker does not serve (StartupFailed). No worker thus serves
  /// without it. The call stays for the life of the pool; a later call with the same function takes
  /// its place.
  template <auto function, EveryWorker which = EveryWorker::readyNow, class... A>
  auto onEveryWorker(const A&... args)
      -> Deferred<std::vector<WorkerOutcome<detail::ResultOfCall<function>>>>;

  /// A snapshot of the living workers, in the order of their numbers. None in a process forked from
  /// the pool's own.
  std::vector<WorkerStatus> workers() const;

  /// The Reactor that the pool was made on.
  Reactor& reactor() const;

 private:
  explicit ProcessPool(std::shared_ptr<detail::PoolCore> core);
  std::shared_ptr<detail::EveryCall> everyCall() const;

  const std::shared_ptr<detail::PoolCore> core_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop

#include <phial/master/detail/every_worker.h>  // IWYU pragma: export
