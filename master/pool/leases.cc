#include "master/pool/leases.h"

#include <phial/master/errors.h>
#include <phial/protocol/saturating_time.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "master/pool/placed_runner.h"
#include "master/pool/pool_core.h"

namespace phial::inline v1::detail {
namespace {

// What the handles of a lease submit to. The last handle takes it along.
class LeaseRunner final : public PlacedRunner, public std::enable_shared_from_this<LeaseRunner> {
 public:
  LeaseRunner(PoolCore& core, std::shared_ptr<LeaseRecord> record)
      : PlacedRunner(core, {Placement::At::worker, record->worker, record->id}),
        record_(std::move(record)) {}
  ~LeaseRunner() override { record_->drop(); }

  void submit(Ref<Job> job) override {
    const auto& refusal = record_->refusal();
    if (refusal && !core()->inherited()) return refuse(std::move(job), *refusal);
    place(std::move(job));
  }
  std::shared_ptr<void> hold() override { return shared_from_this(); }

 private:
  const std::shared_ptr<LeaseRecord> record_;
};

}  // namespace

Deferred<Lease> Leases::request(const LeaseOptions& options) {
  const std::uint64_t id = ++lastRequest_;
  auto made = newDeferred<Lease>([this, id] {
    if (core_.inherited()) return;
    const auto request = requests_.extract(id);
    if (request) request.mapped().deadline.cancel();
    context_.pending.finishSoon();
  });
  DelayedCall deadline;
  if (options.deadline) {
    const Duration left = saturatingSubtract(*options.deadline, context_.clock.now());
    deadline = context_.clock.callLater(std::max(Duration::zero(), left),
                                        [this, id] { deadlinePassed(id); });
  }
  requests_.emplace(id, Request{options, std::move(made.resolver), std::move(deadline)});
  return std::move(made.deferred);
}

void Leases::deadlinePassed(std::uint64_t id) {
  const auto request = requests_.extract(id);
  fail(std::move(request.mapped().resolver),
       Failure(DeadlineExceeded("the deadline passed before a worker was free for the lease")));
  context_.pending.finish();
}

// As many as leave a worker for jobs, unless the program has chosen otherwise.
std::size_t Leases::limit() const {
  const std::size_t max = crew_.staffing().max();
  if (context_.options.maxLeases) return std::min(*context_.options.maxLeases, max);
  return std::max<std::size_t>(max, 2) - 1;
}

std::size_t Leases::waiting() const {
  const std::size_t most = limit();
  return std::min(requests_.size(), most - std::min(most, leases_.size()));
}

void Leases::grant() {
  Roster& roster = crew_.roster();
  while (waiting() > 0 && roster.idle() > 0) {
    Seat* const fresh = roster.firstFresh();
    Seat& seat = fresh != nullptr ? *fresh : roster.latestIdle();
    give(std::move(requests_.extract(requests_.begin()).mapped()), seat);
  }
}

void Leases::give(Request request, Seat& seat) {
  request.deadline.cancel();
  const std::uint64_t id = ++lastLease_;
  crew_.staffing().leaseTo(seat, id);
  auto record = std::make_shared<LeaseRecord>(*this, id, seat.number);
  auto runner = std::make_shared<LeaseRunner>(core_, record);
  auto link = std::make_shared<PoolLink>(runner);
  leases_.emplace(id, Held{record, request.options.after});
  handles_.emplace(id, Handles{record, link, runner});
  runner.reset();
  Lease lease(std::move(link), std::move(record));
  settlements_.notify([lease = std::move(lease), resolver = std::move(request.resolver)] {
    if (!resolver.called()) resolver.callback(lease);
  });
}

void Leases::fail(Resolver<Lease> resolver, const Failure& failure) {
  settlements_.notify([resolver = std::move(resolver), failure] {
    if (!resolver.called()) resolver.errback(failure);
  });
}

void Leases::drop(LeaseRecord& record) {
  release(record);
  handles_.erase(record.id);
}

void Leases::release(LeaseRecord& record) {
  if (core_.inherited()) return;
  const auto held = leases_.find(record.id);
  record.refuseCalls(Failure(std::logic_error("the lease has been released")));
  if (held == leases_.end()) return;
  markReleased(record.id, held->second);
  context_.pending.finishSoon();
}

void Leases::markReleased(std::uint64_t lease, Held& held) {
  held.released = true;
  due_.insert(lease);
}

// A worker that is busy is looked at again when it has answered.
void Leases::takeBack(const Staffing::Demand& demand) {
  for (const std::uint64_t lease : std::exchange(due_, {})) {
    const auto held = leases_.find(lease);
    if (held == leases_.end() || !held->second.released || held->second.endsSession) continue;
    Seat* const seat = crew_.roster().find(held->second.record->worker);
    if (seat == nullptr || seat->load.state != WorkerState::idle) continue;
    if (books_.placed().anyFor(seat->number)) {
      due_.insert(lease);
      continue;
    }
    takeBack(lease, held->second, *seat, demand);
  }
}

void Leases::takeBack(std::uint64_t lease, Held& held, Seat& seat, const Staffing::Demand& demand) {
  if (held.after == After::reuse && demand.open) {
    held.endsSession = true;
    return seat.worker->endLease(lease);
  }
  over(leases_.find(lease), {});
  crew_.staffing().noteLastJob(seat);
  seat.worker->retire(demand.open ? DeathCause::recycle : DeathCause::shutdown);
}

void Leases::sessionEnded(std::uint64_t lease, const Staffing::Demand& demand) {
  const auto held = leases_.find(lease);
  if (held == leases_.end()) return;
  Seat* const seat = crew_.roster().find(held->second.record->worker);
  over(held, {});
  if (seat != nullptr) crew_.released(*seat, demand);
}

void Leases::workerDied(std::uint64_t lease, const Failure& death) {
  const auto held = leases_.find(lease);
  if (held == leases_.end()) return;
  held->second.record->refuseCalls(death);
  over(held, death);
}

// Handles of a lease that is over only hold its record.
void Leases::over(std::map<std::uint64_t, Held>::iterator held, Outcome<void> end) {
  if (held->second.ending) end = *held->second.ending;
  for (auto& waiter : held->second.record->end(end)) {
    if (end.ok()) {
      settlements_.succeed(std::move(waiter));
    } else {
      settlements_.fail(std::move(waiter), end.failure());
    }
  }
  due_.erase(held->first);
  leases_.erase(held);
}

void Leases::failWaiting(const Failure& failure) {
  for (auto& [id, request] : std::exchange(requests_, {})) {
    request.deadline.cancel();
    fail(std::move(request.resolver), failure);
  }
}

void Leases::stop(const Failure& stopped) {
  failWaiting(stopped);
  for (auto& [lease, held] : leases_) {
    held.record->refuseCalls(stopped);
    if (!held.ending) held.ending = stopped;
    markReleased(lease, held);
  }
}

// A handle's way to the pool ends, whoever still holds the handle.
void Leases::close(const Failure& stopped) {
  stop(stopped);
  while (!leases_.empty()) over(leases_.begin(), stopped);
  for (const auto& [lease, handles] : std::exchange(handles_, {})) {
    handles.record->refuseCalls(stopped);
    handles.record->detach();
    if (const auto runner = handles.runner.lock()) runner->detach();
    if (const auto link = handles.link.lock()) link->runner = nullptr;
  }
}

}  // namespace phial::inline v1::detail
