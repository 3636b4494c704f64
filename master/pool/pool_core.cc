#include "master/pool/pool_core.h"

#include <phial/master/errors.h>
#include <unistd.h>

#include <functional>
#include <limits>
#include <stdexcept>
#include <utility>

#include "master/pool/checked_options.h"
#include "master/pool/process_workers.h"

namespace phial::inline v1::detail {

PoolCore::PoolCore(Reactor& reactor, PoolOptions options, Clock& clock, WorkerFactory factory)
    : process_(::getpid()),
      options_(checkedOptions(std::move(options))),
      context_{reactor, clock, options_, reporter_, pending_},
      pending_(reactor, [this] { finishPending(); }),
      delivery_(reactor),
      reporter_(reactor, delivery_.settlements(),
                std::make_shared<PoolLog>(options_.name, options_.onLog),
                [this] { finishPending(); }),
      life_(clock, delivery_.settlements()),
      books_(options_.name, delivery_.settlements(), reporter_),
      timers_(context_, books_),
      judge_(context_, books_),
      warm_(std::make_shared<WarmMemory>(clock, options_.cacheBytes)),
      startCalls_(options_.warm, options_.onStart),
      crew_(context_, *this,
            factory ? std::move(factory)
                    : processWorkers(reactor, clock, options_, startCalls_, reporter_.log(),
                                     std::bind_front(&WarmMemory::take, warm_)),
            [this] { fill(); }),
      reload_(reporter_, delivery_.settlements(), crew_, options_.worker),
      objects_([this](std::uint64_t worker, const ObjectBoundary::Use& use) {
        noteObjects(worker, use);
      }),
      dispatcher_(context_, books_, timers_, crew_.roster(), crew_.staffing(), objects_),
      intake_(reactor, books_, dispatcher_.schedule(), objects_),
      admission_(context_, life_, books_, crew_, dispatcher_.schedule()),
      leases_(*this, context_, crew_, books_, delivery_.settlements()),
      children_(*this, context_, books_, crew_, dispatcher_) {}

PoolCore::~PoolCore() { close(); }

std::optional<Failure> PoolCore::enter(const char* call) const {
  if (!inherited()) {
    context_.reactor.requireThread(call);
    return std::nullopt;
  }
  return Failure(PoolStopped("pool " + options_.name + " belongs to process " +
                             std::to_string(process_) + ", and this one (" +
                             std::to_string(::getpid()) +
                             ") was forked from it: make a Reactor and a pool of its own here"));
}

// Every submission of a single job begins here, or with the memory for its arguments.
Job::Ticket PoolCore::newTicket() {
  if (!inherited()) context_.reactor.requireThread("deferToProcess");
  return {*this, ++lastJobId_};
}

std::shared_ptr<std::byte> PoolCore::takeMemory(std::size_t bytes) {
  if (!inherited()) context_.reactor.requireThread("deferToProcess");
  return warm_->take(bytes);
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
          .leased = leases_.held(),
          .waiting = roster.waiting(),
          .oldestQueued = books_.oldestQueued(),
          .queueWait = books_.queueWait(),
          .runTime = intake_.runTime()};
}

std::vector<WorkerStatus> PoolCore::workers() const { return crew_.statuses(); }

void PoolCore::submit(Ref<Job> job) {
  const bool fresh = job->options().freshWorker;
  submitTo(std::move(job), {.at = fresh ? Placement::At::fresh : Placement::At::any});
}

void PoolCore::submitTo(Ref<Job> job, const Placement& placement) {
  if (inherited()) return job->refuse(*enter("deferToProcess"));
  if (auto reason = admission_.refusal(*job, placement)) {
    return refuse(std::move(job), std::move(*reason));
  }
  timers_.watchDeadline(books_.enter(std::move(job), context_.reactor.now(), placement));
  life_.start();
  // Busy workers get theirs when the caller is done: the more there are by then, the fewer calls.
  if (crew_.roster().idle() > 0 || placement.bound()) {
    dispatcher_.dispatch(context_.reactor.now() + PendingWork::kSlice);
  }
  fill();
  pending_.finishSoon();
}

void PoolCore::refuse(Ref<Job> job, Failure reason) {
  books_.refuse(std::move(job), std::move(reason));
  pending_.finishSoon();
}

std::string PoolCore::whereIs(std::uint64_t id) {
  const JobEntry* const entry = books_.find(id);
  const std::string pool = options_.name.empty() ? "in its pool" : "in pool " + options_.name;
  if (!entry) return pool + ", decided but not delivered";
  if (!entry->worker()) return pool + ", in the queue";
  return pool + ", in worker " + std::to_string(entry->worker()->number());
}

bool PoolCore::cancel(std::uint64_t id) {
  if (inherited()) return true;
  JobEntry* const entry = books_.find(id);
  if (entry == nullptr) return true;
  timers_.abandon(*entry, DeathCause::cancel);
  const bool mayHaveRun = !JobBooks::neverRan(*entry);
  books_.cancel(*entry);
  pending_.finishSoon();
  return mayHaveRun;
}

Deferred<void> PoolCore::start() {
  if (auto reason = admission_.startRefusal()) return phial::fail<void>(std::move(*reason));
  life_.start();
  auto started = life_.whenStarted();
  fill();
  pending_.finishSoon();
  return started;
}

Deferred<void> PoolCore::resize(std::size_t min, std::size_t max) {
  checkAdjustedSize(min, max);
  dispatcher_.schedule().setMostWorkers(max);
  crew_.resize(min, max);
  return start();
}

Deferred<void> PoolCore::reload() {
  if (auto reason = admission_.stopped()) return phial::fail<void>(std::move(*reason));
  auto reloaded = reload_.begin();
  pending_.finishSoon();
  return reloaded;
}

Deferred<void> PoolCore::killWorkers() {
  auto gone = life_.whenGone(crew_.lastWorker());
  crew_.kill(DeathCause::killed);
  pending_.finishSoon();
  return gone;
}

Deferred<Lease> PoolCore::lease(const LeaseOptions& options) {
  if (auto reason = admission_.startRefusal()) return phial::fail<Lease>(std::move(*reason));
  auto leased = leases_.request(options);
  life_.start();
  leases_.grant();
  fill();
  pending_.finishSoon();
  return leased;
}

std::vector<std::uint64_t> PoolCore::readyWorkers() const {
  std::vector<std::uint64_t> ready;
  for (const auto& [number, seat] : crew_.roster().seats()) {
    const auto state = seat.load.state;
    if (state == WorkerState::idle || state == WorkerState::busy) ready.push_back(number);
  }
  return ready;
}

Deferred<void> PoolCore::whenBelow(std::size_t jobs) {
  if (jobs == 0) throw std::invalid_argument("whenBelow: fewer than 0 jobs are never queued");
  if (auto reason = admission_.stopped()) return phial::fail<void>(std::move(*reason));
  if (books_.queued() < jobs) return succeed();
  return delivery_.waiters().wait(jobs);
}

Deferred<void> PoolCore::whenRoom() { return whenBelow(options_.maxQueue); }

Deferred<void> PoolCore::nextTurn() {
  if (life_.ending()) return succeed();
  auto turn = delivery_.waiters().wait(std::numeric_limits<std::size_t>::max());
  pending_.finishNextTurn();
  return turn;
}

Deferred<void> PoolCore::soon() {
  auto made = newDeferred<void>();
  context_.reactor.callSoon([resolver = std::move(made.resolver)] { resolver.callback(); });
  return std::move(made.deferred);
}

Deferred<void> PoolCore::later() {
  auto made = newDeferred<void>();
  context_.reactor.callLater(Duration::zero(),
                             [resolver = std::move(made.resolver)] { resolver.callback(); });
  return std::move(made.deferred);
}

// Brings everything that follows from a change up to date, then calls user code. Every event of
// the pool ends here, at the top level of the loop.
void PoolCore::finishPending() {
  const auto self = shared_from_this();
  const TimePoint end = context_.reactor.now() + PendingWork::kSlice;
  if (!life_.closed()) {
    children_.cancelOrphans();
    books_.failCondemned();
    releaseUnbound();
    leases_.takeBack(demand());
    leases_.grant();
    crew_.replaceDeparting(demand());
    using Prefetch = Schedule::Prefetch;
    dispatcher_.schedule().setPrefetch(leases_.waiting() > 0 ? Prefetch::off : Prefetch::on);
    dispatcher_.dispatch(end);
    crew_.makeRoomForFresh(demand());
    fill();
    reload_.advance();
    if (!life_.ending()) crew_.prune();
    if (crew_.roster().serving() >= crew_.staffing().min()) life_.succeedStart();
    life_.succeedGone(crew_.roster().oldest());
    advanceStop();
    if (books_.running() == 0) dispatcher_.endPolling();
  }
  if (pending_.continuing()) return;
  delivery_.deliver(end, books_.ledger());
  const bool more =
      delivery_.ready(books_.queued()) || books_.anyToFail() || dispatcher_.canDispatch();
  if (more) pending_.finishNextTurn();
}

bool PoolCore::draining() const {
  return life_.phase() == PoolLife::Phase::draining && books_.anyToRun();
}

Staffing::Demand PoolCore::demand() const {
  return {.waiting = books_.waiting(),
          .fresh = books_.waitingForFresh(),
          .leases = leases_.waiting(),
          .open = !life_.ending() || draining(),
          .keepsMin = life_.phase() == PoolLife::Phase::started};
}

void PoolCore::fill() {
  while (const auto failure = crew_.fill(demand())) {
    reload_.fail(*failure);
    life_.failStart(*failure);
    // Nobody is left whose end would make room for them.
    if (crew_.roster().allWait()) books_.failChildren(*failure);
    if (!crew_.everReady()) {
      books_.condemn(*failure);
      leases_.failWaiting(*failure);
    }
    pending_.finishSoon();  // this may be a timer's turn
  }
}

void PoolCore::giveUpStarting(const DeathCertificate& death) {
  const Failure failure{StartupFailed(death)};
  reload_.fail(failure);
  if (crew_.roster().count(WorkerState::starting) == 0) life_.failStart(failure);
  // Others that are starting are no reason to wait: there may always be some.
  // Nor is a worker that serves its lease alone. Those that all wait for others wait in vain.
  if (crew_.roster().allWait()) books_.failChildren(failure);
  if (crew_.roster().serving() > crew_.roster().kept()) return;
  crew_.giveUp(death);
  books_.condemn(failure);
  leases_.failWaiting(failure);
  life_.failStart(failure);
}

Deferred<void> PoolCore::stop(StopOptions options) {
  auto ended = life_.stop(options);
  const Failure stopped{PoolStopped("pool " + options_.name + " was stopped")};
  life_.failStart(stopped);
  reload_.fail(stopped);
  crew_.stopPruning();
  delivery_.waiters().failAll(stopped, delivery_.settlements());
  leases_.stop(stopped);
  if (life_.phase() != PoolLife::Phase::draining) books_.close(stopped);
  if (options.within && *options.within <= Duration::zero()) {
    stopNow(stopped);
  } else if (options.within) {
    life_.limit(*options.within, [this, stopped] {
      stopNow(stopped);
      finishPending();
    });
  }
  pending_.finishSoon();
  return ended;
}

void PoolCore::stopNow(const Failure& stopped) {
  life_.hasten();
  books_.close(stopped);
  crew_.kill(DeathCause::shutdown);
}

void PoolCore::advanceStop() {
  if (!life_.ending() || draining()) return;
  crew_.dismiss();
  if (!crew_.roster().empty() || books_.anyToFail()) return;
  crew_.disband();
  warm_->close();
  life_.succeedStop();
}

void PoolCore::close() {
  if (!life_.close()) return;
  reporter_.stop();
  dispatcher_.close();
  warm_->close();
  reporter_.destroyed(crew_.roster().size(), books_.queued() + books_.running());
  crew_.close();
  const Failure stopped{PoolStopped("pool " + options_.name + " was destroyed")};
  books_.failAll(stopped);
  leases_.close(stopped);
  objects_.close(stopped);
  life_.failStart(stopped);
  reload_.fail(stopped);
  delivery_.waiters().failAll(stopped, delivery_.settlements());
  life_.succeedGone(std::nullopt);
  life_.succeedStop();
  reporter_.ended(stats());
  delivery_.deliverAll();
}

}  // namespace phial::inline v1::detail
