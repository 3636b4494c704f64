// When a pool finishes its pending work.
//
// The same steps follow each change in a pool: jobs are sent, workers are started and retired, and
// at the very end user code is called. The conductor takes these steps in finishPending(); this
// class has it called.
//
//   finish()          now: an event of the loop does so as the last thing in its turn
//   finishSoon()      after the callback that runs now: a caller is never called back from inside
//                     his own call
//   finishNextTurn()  in the next turn of the loop: what did not fit into this turn's slice
//
// Each of them calls user code, now or later, and that may destroy the pool. What was put off when
// the pool goes is not done.
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/reactor.h>

#include <functional>
#include <memory>
#include <utility>

namespace phial::inline v1::detail {

class PendingWork {
 public:
  /// About so long may a turn of the loop take to decide and to deliver. A callback of the host's
  /// waits for no longer, and a turn's own cost, some microseconds, does not show.
  static constexpr Duration kSlice = std::chrono::microseconds(500);

  /// `reactor` is borrowed. `finish` is the conductor's finishPending().
  PendingWork(Reactor& reactor, std::function<void()> finish)
      : reactor_(reactor), finish_(std::move(finish)) {}
  PendingWork(const PendingWork&) = delete;
  PendingWork& operator=(const PendingWork&) = delete;

  void finish() { finish_(); }
  void finishSoon();
  void finishNextTurn();

  /// True while finishNextTurn() is to come. What is left over is delivered then, once a turn, and
  /// not at each event in between.
  bool continuing() const { return nextTurn_; }

 private:
  Reactor& reactor_;
  const std::function<void()> finish_;
  bool soon_ = false;
  bool nextTurn_ = false;
  const std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace phial::inline v1::detail
