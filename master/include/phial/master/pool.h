// A pool, wherever its workers are.
//
//   void report(phial::Pool& pool);             // takes any pool
//   void analyse(const phial::Submitter& jobs);  // takes anything that runs jobs
//
// Submitter has the calls that run jobs; Pool adds what concerns the pool as a whole. ProcessPool
// is the pool of worker processes on this machine. phial::testing::TestPool is a pool without
// processes, for the tests of a program.
//
// Life: made and ended by the class that derives from it. Its Submitters may outlive it.
//
// Thread rule: a Pool belongs to one thread, that of its loop; a call on another thread throws
// std::logic_error.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/deferred.h>
#include <phial/master/pool_observer.h>
#include <phial/master/pool_options.h>
#include <phial/master/submitter.h>

#include <cstddef>
#include <memory>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

class Pool : public Submitter {
 public:
  Pool(const Pool&) = delete;  // to hand out the calls alone, copy the Submitter
  Pool& operator=(const Pool&) = delete;

  /// Makes the pool ready. Fires when it can run jobs: for a ProcessPool when `min` workers are
  /// ready. Fails with StartupFailed when workers do not get ready (see
  /// RestartOptions::failedStarts), or with PoolStopped when the pool is stopped. May be called
  /// again. Cancelling ends the waiting, not the workers.
  Deferred<void> start();

  /// Ends the pool: takes no more jobs, lets running jobs end, then stops the workers. Queued jobs
  /// fail with PoolStopped unless StopOptions::drainQueue is set. Fires when nothing of the pool
  /// runs any more, for a ProcessPool when the last worker has been reaped; does not fail. May be
  /// called again, also from a callback: a later call can only make the end stricter. Cancelling
  /// ends the waiting, not the stopping.
  Deferred<void> stop(StopOptions options = {});

  /// Waits until fewer than `jobs` jobs are queued. If this is so already, the returned Deferred
  /// has fired. Otherwise the Deferred fires from the loop; waiters fire one at a time, in the
  /// order of their calls, each only while its condition holds. A producer that waits, submits one
  /// job, and repeats never meets QueueFull. Fails with PoolStopped once stop() was called.
  /// Cancelling removes the waiter. Throws std::invalid_argument for 0, because fewer than 0 jobs
  /// are never queued.
  Deferred<void> whenBelow(std::size_t jobs);

  /// A snapshot of the pool's counters. Costs a copy of two histograms, about 6 KiB. In a process
  /// forked from the pool's own: as they were at the fork.
  PoolStats stats() const;

  /// Reports every event of the pool to `observer` from now on, until the returned Observation is
  /// dropped or the pool has ended. Any number of observers may watch; they hear of an event in the
  /// order in which they came. The pool shares ownership of the observer. Price: each event copies
  /// some strings. Throws std::invalid_argument for null, std::logic_error in a process forked from
  /// the pool's own.
  Observation observe(std::shared_ptr<PoolObserver> observer);

  /// The clock of the pool's timeouts, deadlines and pauses: the Reactor, unless a test has given
  /// another.
  Clock& clock() const;

 protected:
  explicit Pool(std::shared_ptr<detail::Runner> runner);
  ~Pool() = default;

  /// Every call fails with PoolStopped from now on.
  void end() noexcept;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
