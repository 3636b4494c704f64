#include "master/pool/pool_core.h"

#include <phial/master/errors.h>
#include <phial/protocol/saturating_time.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "master/pool/checked_options.h"
#include "master/pool/process_workers.h"

namespace phial::detail {

PoolCore::PoolCore(Reactor& reactor, PoolOptions options, Clock& clock, WorkerFactory factory)
    : process_(::getpid()),
      reactor_(reactor),
      clock_(clock),
      options_(checkedOptions(std::move(options))),
      pending_(reactor_, [this] { finishPending(); }),
      delivery_(reactor_),
      settlements_(delivery_.settlements()),
      reporter_(reactor_, settlements_, std::make_shared<PoolLog>(options_.name, options_.onLog),
                [this] { finishPending(); }),
      books_(options_.name, settlements_, reporter_),
      context_{reactor_, clock_, options_, reporter_, pending_},
      timers_(context_, books_),
      judge_(context_, books_),

      staffing_(
          roster_,
          {options_.min, options_.max, options_.recycleAfter, options_.maxIdle, options_.restart},
          std::random_device{}()),
      dispatcher_(context_, books_, timers_, roster_, staffing_),
      intake_(reactor_, books_, dispatcher_.schedule()),
      runsOwnProgram_(options_.worker.empty()),
      warm_(std::make_shared<WarmMemory>(clock_, options_.cacheBytes)),
      makeWorker_(factory ? std::move(factory)
                          : processWorkers(reactor_, clock_, options_, reporter_.log(),
                                           std::bind_front(&WarmMemory::take, warm_))) {}

PoolCore::~PoolCore() { close(); }

Failure PoolCore::inheritedFailure() const {
  return Failure(PoolStopped("pool " + options_.name + " belongs to process " +
                             std::to_string(process_) + ", and this one (" +
                             std::to_string(::getpid()) +
                             ") was forked from it: make a Reactor and a pool of its own here"));
}

PoolStats PoolCore::stats() const {
  using State = WorkerState;
  using Column = Ledger::Column;
  const Ledger& ledger = books_.ledger();
  return {.submitted = ledger.submitted(),
          .succeeded = ledger[Column::succeeded],
          .failed = ledger[Column::failed],
          .cancelled = ledger[Column::cancelled],
          .queued = ledger[Column::queued],
          .running = ledger[Column::running],
          .rerun = judge_.reruns(),
          .workers = roster_.size(),
          .starting = roster_.count(State::starting),
          .idle = roster_.count(State::idle),
          .busy = roster_.count(State::busy),
          .spawned = spawned_,
          .deaths = deaths_,
          .recycled = recycled_,
          .queueWait = books_.queueWait(),
          .runTime = intake_.runTime()};
}

std::vector<WorkerStatus> PoolCore::workers() const {
  std::vector<WorkerStatus> statuses;
  for (const auto& [number, seat] : roster_.seats()) statuses.push_back(seat.worker->status());
  return statuses;
}

Deferred<void> PoolCore::start() {
  auto [deferred, resolver] = newDeferred<void>();
  if (stopping_) {
    resolver.errback(Failure(PoolStopped("pool " + options_.name + " has been stopped")));
  } else if (startBlocked()) {
    resolver.errback(Failure(StartupFailed(*staffing_.startupFailure())));
  } else {
    started_ = true;
    starters_.push_back(std::move(resolver));
    fill();
    pending_.finishSoon();
  }
  return std::move(deferred);
}

Deferred<void> PoolCore::resize(std::size_t min, std::size_t max) {
  checkAdjustedSize(min, max);
  staffing_.resize(min, max);
  dispatcher_.schedule().setMostWorkers(max);
  // Idle workers that are too many; busy ones follow in release().
  while (Seat* const seat = staffing_.surplus()) seat->worker->retire(DeathCause::shutdown);
  return start();
}

Deferred<void> PoolCore::whenBelow(std::size_t jobs) {
  if (jobs == 0) throw std::invalid_argument("whenBelow: fewer than 0 jobs are never queued");
  if (stopping_) {
    return phial::fail<void>(PoolStopped("pool " + options_.name + " has been stopped"));
  }
  if (books_.queued() < jobs) return succeed();
  return delivery_.waiters().wait(jobs);
}

bool PoolCore::hasRoom() const {
  return options_.maxQueue == 0 || books_.queue().size() < options_.maxQueue ||
         dispatcher_.schedule().anyFree();
}

Deferred<void> PoolCore::whenRoom() { return whenBelow(options_.maxQueue); }

Deferred<void> PoolCore::nextTurn() {
  if (stopping_) return succeed();
  auto turn = delivery_.waiters().wait(std::numeric_limits<std::size_t>::max());
  pending_.finishNextTurn();
  return turn;
}

Deferred<void> PoolCore::soon() {
  auto made = newDeferred<void>();
  reactor_.callSoon([resolver = std::move(made.resolver)] { resolver.callback(); });
  return std::move(made.deferred);
}

Deferred<void> PoolCore::stop(StopOptions options) {
  auto [deferred, resolver] = newDeferred<void>();
  stoppers_.push_back(std::move(resolver));
  drainQueue_ = options.drainQueue && (drainQueue_ || !stopping_);
  stopping_ = true;
  const Failure stopped{PoolStopped("pool " + options_.name + " was stopped")};
  failStarters(stopped);
  failReload(stopped);
  delivery_.waiters().failAll(stopped, settlements_);
  if (!drainQueue_) books_.close(stopped);
  if (options.within) stopWithin(*options.within, stopped);
  pending_.finishSoon();
  return std::move(deferred);
}

void PoolCore::stopWithin(Duration within, const Failure& stopped) {
  if (within <= Duration::zero()) return stopNow(stopped);
  const TimePoint by = saturatingAdd(clock_.now(), within);
  if (stopBy_ && *stopBy_ <= by) return;
  stopBy_ = by;
  stopTimer_.cancel();
  stopTimer_ = clock_.callLater(within, [this, stopped] {
    stopNow(stopped);
    finishPending();
  });
}

void PoolCore::stopNow(const Failure& stopped) {
  drainQueue_ = false;
  books_.close(stopped);
  killWorkers();
}

void PoolCore::killWorkers() {
  for (const auto& [number, seat] : roster_.seats())
    seat.worker->end(DeathCause::shutdown, SIGKILL);
}

// Brings everything that follows from a change up to date, then calls user code. Every event of
// the pool ends here, at the top level of the loop.
void PoolCore::finishPending() {
  const auto self = shared_from_this();
  const TimePoint end = reactor_.now() + PendingWork::kSlice;
  if (!closed_) {
    books_.failCondemned();
    replaceDeparting();
    dispatcher_.dispatch(end);
    fill();
    advanceReload();
    prune();
    fireStarters();
    advanceStop();
    if (books_.running() == 0) dispatcher_.endPolling();
  }
  if (pending_.continuing()) return;
  delivery_.deliver(end, books_.ledger());
  if (more()) pending_.finishNextTurn();
}

bool PoolCore::more() {
  return delivery_.ready(books_.queued()) || books_.condemned() || dispatcher_.canDispatch();
}

void PoolCore::fireStarters() {
  if (starters_.empty() || roster_.serving() < staffing_.min()) return;
  for (auto& starter : std::exchange(starters_, {})) settlements_.succeed(std::move(starter));
}

void PoolCore::failStarters(const Failure& failure) {
  for (auto& starter : std::exchange(starters_, {})) settlements_.fail(std::move(starter), failure);
}

void PoolCore::advanceStop() {
  if (!stopping_ || draining()) return;
  while (roster_.idle() > 0) roster_.oldestIdle().worker->retire(DeathCause::shutdown);
  if (roster_.count(WorkerState::starting) > 0) {
    for (const auto& [number, seat] : roster_.seats()) {
      if (seat.load.state == WorkerState::starting) {
        seat.worker->end(DeathCause::shutdown, SIGKILL);
      }
    }
  }
  if (!roster_.empty() || books_.condemned()) return;
  stopTimer_.cancel();
  warm_->close();
  for (auto& stopper : std::exchange(stoppers_, {})) settlements_.succeed(std::move(stopper));
}

void PoolCore::close() {
  if (closed_) return;
  closed_ = stopping_ = true;
  for (auto* timer : {&fillTimer_, &pruneTimer_, &stopTimer_}) timer->cancel();
  reporter_.stop();
  dispatcher_.close();
  warm_->close();
  reporter_.destroyed(roster_.size(), books_.queued() + books_.running());
  for (const auto& [number, seat] : roster_.seats()) {
    seat.worker->abandon();
    bury(seat.worker);
  }
  roster_.clear();
  const Failure stopped{PoolStopped("pool " + options_.name + " was destroyed")};
  books_.failAll(stopped);
  failStarters(stopped);
  failReload(stopped);
  delivery_.waiters().failAll(stopped, settlements_);
  for (auto& stopper : std::exchange(stoppers_, {})) settlements_.succeed(std::move(stopper));
  delivery_.deliverAll();
}

}  // namespace phial::detail
