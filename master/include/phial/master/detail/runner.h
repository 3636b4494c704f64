// What the typed calls ask of whatever runs their jobs. Nothing here is for users.
//
//   deferToProcess, map, call ──▶ Job ──▶ Runner: worker processes, a test's fake, a far service
//
// The typed front converts and keeps the arguments, and makes a Job. A Runner decides everything
// else. It asks the Job to write its arguments when it sends them, again whenever it sends them
// again, and to accept the result. Nothing is encoded at submission. A job costs two virtual calls:
// newTicket() and submit().
//
// Thread rule: one thread, that of the Runner's loop. enter() checks it.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/deferred.h>
#include <phial/master/detail/job.h>
#include <phial/master/pool_observer.h>
#include <phial/master/pool_options.h>
#include <phial/protocol/failure.h>

#include <cstddef>
#include <memory>
#include <optional>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

class Runner {
 public:
  virtual ~Runner() = default;

  // --- A job's way in ---

  /// The number and the owner of the next job. Throws std::logic_error on another thread than the
  /// Runner's.
  virtual Job::Ticket newTicket() = 0;
  /// Takes a job and settles it in every case, from the loop. Throws nothing.
  virtual void submit(Ref<Job> job) = 0;
  /// Takes a job whose arguments could not be kept: it fails with `reason`, from the loop.
  virtual void refuse(Ref<Job> job, Failure reason) = 0;
  /// Memory for a large argument that is to be copied. Throws as newTicket() does, and
  /// std::bad_alloc.
  virtual std::shared_ptr<std::byte> takeMemory(std::size_t bytes) = 0;

  // --- For those who submit as fast as jobs can be taken ---

  /// How many jobs may run at a time; at least 1.
  virtual std::size_t capacity() const = 0;
  /// True if jobs that set no timeout get one.
  virtual bool hasTimeout() const = 0;
  /// True if a job submitted now does not fail with QueueFull.
  virtual bool hasRoom() const = 0;
  /// Fires, from the loop, when there is room. Fails with PoolStopped. REQUIRES: !hasRoom().
  virtual Deferred<void> whenRoom() = 0;
  /// Fires when the loop has done what else it has to do. Fails with PoolStopped.
  virtual Deferred<void> nextTurn() = 0;
  /// Fires from the loop, after the current callback; never fails.
  virtual Deferred<void> soon() = 0;
  /// Fires in a later turn of the loop, when the loop has asked the system for events; never fails.
  virtual Deferred<void> later() = 0;
  /// What a map keeps until it has ended. Null unless the Runner ends with its last user.
  virtual std::shared_ptr<void> hold() { return nullptr; }
  /// True once the end of the Runner has begun that leaves no job behind.
  virtual bool closed() const = 0;

  // --- Of the pool as a whole: see Pool ---

  /// Begins each call of Pool. Throws std::logic_error, which names `call`, on another thread than
  /// the Runner's. Returns what the call is to fail with when the Runner belongs to another
  /// process; nothing else may be called then.
  virtual std::optional<Failure> enter(const char* call) const = 0;
  virtual Deferred<void> start() = 0;
  virtual Deferred<void> stop(StopOptions options) = 0;
  virtual Deferred<void> whenBelow(std::size_t jobs) = 0;
  virtual PoolStats stats() const = 0;
  virtual Observation observe(std::shared_ptr<PoolObserver> observer) = 0;
  virtual Clock& clock() const = 0;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
