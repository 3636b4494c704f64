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

      warm_(std::make_shared<WarmMemory>(clock_, options_.cacheBytes)),
      crew_(context_, *this,
            factory ? std::move(factory)
                    : processWorkers(reactor_, clock_, options_, reporter_.log(),
                                     std::bind_front(&WarmMemory::take, warm_)),
            [this] { fill(); }),
      reload_(reporter_, settlements_, crew_, options_.worker),
      dispatcher_(context_, books_, timers_, crew_.roster(), crew_.staffing()),
      intake_(reactor_, books_, dispatcher_.schedule()) {}

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
  const Roster& roster = crew_.roster();
  return {.submitted = ledger.submitted(),
          .succeeded = ledger[Column::succeeded],
          .failed = ledger[Column::failed],
          .cancelled = ledger[Column::cancelled],
          .queued = ledger[Column::queued],
          .running = ledger[Column::running],
          .rerun = judge_.reruns(),
          .workers = roster.size(),
          .starting = roster.count(State::starting),
          .idle = roster.count(State::idle),
          .busy = roster.count(State::busy),
          .spawned = crew_.counts().spawned,
          .deaths = crew_.counts().deaths,
          .recycled = crew_.counts().recycled,
          .queueWait = books_.queueWait(),
          .runTime = intake_.runTime()};
}

std::vector<WorkerStatus> PoolCore::workers() const { return crew_.statuses(); }

Deferred<void> PoolCore::start() {
  auto [deferred, resolver] = newDeferred<void>();
  if (stopping_) {
    resolver.errback(Failure(PoolStopped("pool " + options_.name + " has been stopped")));
  } else if (startBlocked()) {
    resolver.errback(Failure(StartupFailed(*crew_.staffing().startupFailure())));
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
  dispatcher_.schedule().setMostWorkers(max);
  crew_.resize(min, max);
  return start();
}

Deferred<void> PoolCore::reload() {
  if (stopping_) {
    return phial::fail<void>(PoolStopped("pool " + options_.name + " has been stopped"));
  }
  auto reloaded = reload_.begin();
  pending_.finishSoon();
  return reloaded;
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
  reload_.fail(stopped);
  crew_.stopPruning();
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
  crew_.kill();
}

// Brings everything that follows from a change up to date, then calls user code. Every event of
// the pool ends here, at the top level of the loop.
void PoolCore::finishPending() {
  const auto self = shared_from_this();
  const TimePoint end = reactor_.now() + PendingWork::kSlice;
  if (!closed_) {
    books_.failCondemned();
    crew_.replaceDeparting(demand());
    dispatcher_.dispatch(end);
    fill();
    reload_.advance();
    if (!stopping_) crew_.prune();
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

Staffing::Demand PoolCore::demand() const {
  return {.waiting = books_.waiting(),
          .open = !closed_ && (!stopping_ || draining()),
          .keepsMin = started_ && !stopping_};
}

void PoolCore::fill() {
  while (const auto failure = crew_.fill(demand())) {
    reload_.fail(*failure);
    failStarters(*failure);
    if (!crew_.everReady()) books_.condemn(*failure);
    pending_.finishSoon();  // this may be a timer's turn
  }
}

void PoolCore::giveUpStarting(const DeathCertificate& death) {
  const Failure failure{StartupFailed(death)};
  reload_.fail(failure);
  if (crew_.roster().count(WorkerState::starting) == 0) failStarters(failure);
  // Others that are starting are no reason to wait: there may always be some.
  if (crew_.roster().serving() > 0) return;
  crew_.giveUp(death);
  books_.condemn(failure);
  failStarters(failure);
}

// Whether a job that comes now would wait in vain.
bool PoolCore::startBlocked() const {
  if (!crew_.staffing().startupFailure() || crew_.roster().active() > 0) return false;
  return books_.condemned() || crew_.staffing().hopeless(clock_.now());
}

void PoolCore::fireStarters() {
  if (starters_.empty() || crew_.roster().serving() < crew_.staffing().min()) return;
  for (auto& starter : std::exchange(starters_, {})) settlements_.succeed(std::move(starter));
}

void PoolCore::failStarters(const Failure& failure) {
  for (auto& starter : std::exchange(starters_, {})) settlements_.fail(std::move(starter), failure);
}

void PoolCore::advanceStop() {
  if (!stopping_ || draining()) return;
  crew_.dismiss();
  if (!crew_.roster().empty() || books_.condemned()) return;
  stopTimer_.cancel();
  warm_->close();
  for (auto& stopper : std::exchange(stoppers_, {})) settlements_.succeed(std::move(stopper));
}

void PoolCore::close() {
  if (closed_) return;
  closed_ = stopping_ = true;
  stopTimer_.cancel();
  reporter_.stop();
  dispatcher_.close();
  warm_->close();
  reporter_.destroyed(crew_.roster().size(), books_.queued() + books_.running());
  crew_.close();
  const Failure stopped{PoolStopped("pool " + options_.name + " was destroyed")};
  books_.failAll(stopped);
  failStarters(stopped);
  reload_.fail(stopped);
  delivery_.waiters().failAll(stopped, settlements_);
  for (auto& stopper : std::exchange(stoppers_, {})) settlements_.succeed(std::move(stopper));
  delivery_.deliverAll();
}

}  // namespace phial::detail
