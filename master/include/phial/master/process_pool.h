// A pool of worker processes that compute on behalf of an event loop.
//
//   pool.deferToProcess<isPrime>(n).addCallback([](bool prime) { ... });
//
// The call returns at once with a Deferred. The arguments travel to a worker, a child process that
// the pool has spawned and watches; the result comes back through the loop. A crash of the function
// ends its worker and fails that one Deferred.
//
// Life: made on a Reactor, which outlives it. Workers start with start() or with the first job,
// more of them on demand up to `max`; idle ones above `min` stop after `maxIdle`. stop() ends the
// pool in order. The destructor kills what is left and reaps it.
//
// Promises, whatever dies: every Deferred handed out settles exactly once; a crash fails the job
// that ran and no other; no child, descriptor or timer is left; no call from the loop takes longer
// than a millisecond, spawning included. Two calls may: deferToProcess with a large argument that
// stays the caller's, which is copied at once (64 MiB take 5 ms), and the destruction of a pool
// that was not stopped (a million queued jobs take a second). Each says how to avoid it.
//
// Thread rule: everything here belongs to the reactor's thread. Results and refusals arrive from
// the loop, never inside a call. Callbacks may call back in, stop the pool, or destroy it. Large
// memory is copied and freed by threads of the library's own, so that the loop need not: they run
// no code of the program's and handle no signal.
//
// The calls themselves stand in submitter.h, for a pool is a Submitter.
//
// After Ampoule's ProcessPool and Twisted's deferToThread.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/pool_observer.h>
#include <phial/master/pool_options.h>
#include <phial/master/reactor.h>
#include <phial/master/submitter.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace phial {

class ProcessPool : public Submitter {
 public:
  /// Spawns nothing yet. Throws std::invalid_argument for options that contradict each other.
  ///
  /// In a process that was itself started as a worker but has not called serveIfWorker, this
  /// prints why and exits with kNeverServedStatus: such a program would spawn itself for ever.
  explicit ProcessPool(Reactor& reactor, PoolOptions options = {});
  /// As above with timeouts, deadlines and idle times on another clock, borrowed; for tests.
  ProcessPool(Reactor& reactor, PoolOptions options, Clock& clock);
  /// After stop() has fired, instant. Otherwise kills every worker, says so in the log, and fails
  /// what was queued or running with PoolStopped, from here: what its callbacks refer to need only
  /// outlive the pool. Does not wait: the Reactor reaps the killed workers, before its own end at
  /// the latest. A long queue makes it long, about a second for a million jobs; stop() spreads the
  /// same over the turns of the loop.
  ~ProcessPool();
  ProcessPool(const ProcessPool&) = delete;
  ProcessPool& operator=(const ProcessPool&) = delete;

  /// Starts `min` workers. Fires when so many are ready; fails with StartupFailed, or with
  /// PoolStopped. Calling it again is harmless.
  Deferred<void> start();

  /// Takes no more jobs, lets running ones end, and stops the workers. Queued jobs fail with
  /// PoolStopped. Fires when the last worker is reaped; never fails. May be called again, with
  /// stricter options too, and from callbacks.
  Deferred<void> stop(StopOptions options = {});

  /// Changes the number of workers: starts some when jobs wait or fewer than `min` live, stops
  /// idle ones above `max` at once and busy ones when their job has ended. Fires when `min` are
  /// ready, as start() does. Throws std::invalid_argument unless 1 <= max and min <= max.
  Deferred<void> adjustPoolSize(std::size_t min, std::size_t max);

  /// Replaces every worker by one of the program as it is on disk now, a rolling change: a new one
  /// is ready before an old one ends, with at most one above `max`, and no job fails. Old ones that
  /// are at a job end when it has; so does this, which fires when none of the old is left. Called
  /// again meanwhile it includes the workers started since.
  ///
  /// `worker` is looked up anew, in PATH too. Without it this very program's path is, from now on,
  /// where otherwise the pool starts the file that it was itself started from; a function whose
  /// signature has changed there then fails with EncodingError, and another build of Phial does not
  /// start. Workers that replace dead ones are always started from where the last reload() looked.
  ///
  /// Fails with StartupFailed when the new workers do not start (RestartOptions::failedStarts of
  /// them in a row), and the old ones go on; without `worker` the pool is back to the file it was
  /// started from. Fails with PoolStopped at stop(). Cancelling stops the waiting, not the change.
  Deferred<void> reload();

  /// Fires when fewer than `jobs` jobs are queued: at once if it is so, else from the loop, one
  /// waiter at a time in the order of their calls, each while it is so. That makes a producer that
  /// never meets QueueFull: wait, submit, repeat. Fails with PoolStopped once stop() was called.
  /// Cancelling forgets it. Throws std::invalid_argument for 0, which would never be.
  Deferred<void> whenBelow(std::size_t jobs);

  PoolStats stats() const;
  /// The living workers, in the order of their numbers.
  std::vector<WorkerStatus> workers() const;

  /// Tells `observer` of everything that happens from now on; null tells nobody. Shared with the
  /// caller. Price: some strings are copied for each event.
  void setObserver(std::shared_ptr<PoolObserver> observer);

  Reactor& reactor() const;

 private:
  detail::PoolCore& core() const { return *link().core; }
};

}  // namespace phial
