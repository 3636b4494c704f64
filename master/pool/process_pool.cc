#include <phial/master/process_pool.h>
#include <phial/protocol/worker_contract.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "master/pool/pool_core.h"

namespace phial {

namespace detail {
namespace {

// A program that its own pool has started as a worker, and that got as far as making a pool, would
// start itself again without end.
void refuseInUnservedWorker() {
  if (std::getenv(kWorkerVariable) == nullptr) return;
  std::fputs(
      "phial: this process was started as a worker, but it makes a ProcessPool and never called "
      "phial::serveIfWorker(argc, argv), which belongs at the top of main()\n",
      stderr);
  std::fflush(nullptr);
  std::_Exit(kNeverServedStatus);
}

}  // namespace

Job::Ticket newTicket(PoolCore& core) { return core.newTicket(); }

void submitJob(PoolCore& core, Ref<Job> job) { core.submit(std::move(job)); }

std::shared_ptr<std::byte> warmMemory(PoolCore& core, std::size_t bytes) {
  return core.warmMemory().take(bytes);
}

}  // namespace detail

ProcessPool::ProcessPool(Reactor& reactor, PoolOptions options)
    : ProcessPool(reactor, std::move(options), reactor) {}

ProcessPool::ProcessPool(Reactor& reactor, PoolOptions options, Clock& clock) {
  detail::refuseInUnservedWorker();
  core_ = std::make_shared<detail::PoolCore>(reactor, std::move(options), clock);
}

ProcessPool::~ProcessPool() { core_->close(); }

Deferred<void> ProcessPool::start() { return core_->start(); }
Deferred<void> ProcessPool::stop(StopOptions options) { return core_->stop(options); }
Deferred<void> ProcessPool::adjustPoolSize(std::size_t min, std::size_t max) {
  return core_->resize(min, max);
}
Deferred<void> ProcessPool::reload() { return core_->reload(); }
Deferred<void> ProcessPool::whenBelow(std::size_t jobs) { return core_->whenBelow(jobs); }
std::vector<WorkerStatus> ProcessPool::workers() const { return core_->workers(); }
PoolStats ProcessPool::stats() const { return core_->stats(); }
void ProcessPool::setObserver(std::shared_ptr<PoolObserver> observer) {
  core_->setObserver(std::move(observer));
}
Reactor& ProcessPool::reactor() const { return core_->reactor(); }

}  // namespace phial
