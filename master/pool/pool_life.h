// The life of a pool, and those who wait for its start or its end.
//
//   made --start--> started --stop and drain--> draining --stop, hasten--> stopping --close-->
//   closed
//     |                |                                                       ^
//     +----------------+------------------------- stop ------------------------+
//
//   made       no worker is kept yet
//   started    `min` workers are kept
//   draining   no job comes in; what is queued still runs
//   stopping   no job comes in; what is queued fails, and what runs may end
//   closed     the pool is being destroyed: nothing runs
//
// A phase never goes back. PoolLife changes the phase and keeps the promises made about it; what a
// phase means for jobs and workers is done by the conductor.
//
// Thread rule: the loop's. Calls no user code.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/deferred.h>
#include <phial/master/pool_options.h>
#include <phial/protocol/failure.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "master/pool/settlement_queue.h"

namespace phial::inline v1::detail {

class PoolLife {
 public:
  enum class Phase { made, started, draining, stopping, closed };

  /// Both are borrowed. `clock` is the pool's.
  PoolLife(Clock& clock, SettlementQueue& settlements) : clock_(clock), settlements_(settlements) {}
  ~PoolLife() { limitTimer_.cancel(); }
  PoolLife(const PoolLife&) = delete;
  PoolLife& operator=(const PoolLife&) = delete;

  Phase phase() const { return phase_; }
  /// Whether stop() has been called, or the pool is closed: no job comes in.
  bool ending() const { return phase_ >= Phase::draining; }
  bool closed() const { return phase_ == Phase::closed; }

  // The start.

  /// A job has come in, or start() was called.
  void start() {
    if (phase_ == Phase::made) phase_ = Phase::started;
  }
  /// Fires with succeedStart(), or fails with failStart().
  Deferred<void> whenStarted();
  void succeedStart();
  void failStart(const Failure& failure);

  // The deaths of workers.

  /// Fires when succeedGone() says that no worker up to this one is left.
  Deferred<void> whenGone(std::uint64_t lastWorker);
  /// `oldest` is the living worker of the lowest number; empty: none lives.
  void succeedGone(std::optional<std::uint64_t> oldest);

  // The end.

  /// Begins or hastens the end: a pool that drains goes on to stop unless it is told to drain
  /// again, and one that stops does not drain any more. Fires with succeedStop().
  Deferred<void> stop(const StopOptions& options);
  /// Ends draining.
  void hasten() { phase_ = std::max(phase_, Phase::stopping); }
  /// Calls `reached` when `within` has passed, but never after succeedStop(). Of several limits the
  /// earliest counts.
  void limit(Duration within, std::function<void()> reached);
  /// Nothing is left of the pool's jobs and workers.
  void succeedStop();
  /// The pool is being destroyed. No timer fires any more. Returns false if it was closed before.
  bool close();

 private:
  Clock& clock_;
  SettlementQueue& settlements_;
  Phase phase_ = Phase::made;
  std::vector<Resolver<void>> starters_;
  std::vector<std::pair<std::uint64_t, Resolver<void>>> goneWaiters_;  // by the last worker
  std::vector<Resolver<void>> stoppers_;
  DelayedCall limitTimer_;
  std::optional<TimePoint> limit_;
};

}  // namespace phial::inline v1::detail
