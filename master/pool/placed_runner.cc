#include "master/pool/placed_runner.h"

#include <phial/master/detail/stream_pool.h>

#include <stdexcept>
#include <utility>

#include "master/pool/pool_core.h"

namespace phial::inline v1::detail {

Job::Ticket PlacedRunner::newTicket() { return core_->newTicket(); }

void PlacedRunner::submit(Ref<Job> job) { place(std::move(job)); }

void PlacedRunner::place(Ref<Job> job) {
  if (!job->options().freshWorker) return core_->submitTo(std::move(job), placement_);
  refuse(std::move(job), Failure(std::invalid_argument(
                             "JobOptions::freshWorker is set on a lease, which has its worker")));
}

void PlacedRunner::refuse(Ref<Job> job, Failure reason) {
  core_->refuse(std::move(job), std::move(reason));
}

std::shared_ptr<std::byte> PlacedRunner::takeMemory(std::size_t bytes) {
  return core_->takeMemory(bytes);
}

bool PlacedRunner::hasTimeout() const { return core_ != nullptr && core_->hasTimeout(); }
bool PlacedRunner::hasRoom() const { return core_ == nullptr || core_->hasRoomFor(placement_); }

Deferred<void> PlacedRunner::whenRoom() {
  return core_ != nullptr ? core_->whenRoom() : fail<void>(poolGone());
}

Deferred<void> PlacedRunner::nextTurn() { return core_ != nullptr ? core_->nextTurn() : succeed(); }

Deferred<void> PlacedRunner::soon() { return core_ != nullptr ? core_->soon() : succeed(); }
Deferred<void> PlacedRunner::later() { return core_ != nullptr ? core_->later() : succeed(); }
bool PlacedRunner::closed() const { return core_ == nullptr || core_->closed(); }

std::optional<Failure> PlacedRunner::enter(const char* call) const {
  return core_ != nullptr ? core_->enter(call) : std::optional(poolGone());
}

Deferred<void> PlacedRunner::start() { return core_->start(); }
Deferred<void> PlacedRunner::stop(StopOptions options) { return core_->stop(options); }
Deferred<void> PlacedRunner::whenBelow(std::size_t jobs) { return core_->whenBelow(jobs); }
PoolStats PlacedRunner::stats() const { return core_->stats(); }
Observation PlacedRunner::observe(std::shared_ptr<PoolObserver> observer) {
  return core_->observe(std::move(observer));
}
Clock& PlacedRunner::clock() const { return core_->clock(); }

}  // namespace phial::inline v1::detail
