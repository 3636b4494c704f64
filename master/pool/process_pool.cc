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

// Every submission of a single job begins here, or with the memory for its arguments.
Job::Ticket newTicket(PoolCore& core) {
  if (!core.inherited()) core.reactor().requireThread("ProcessPool::deferToProcess");
  return core.newTicket();
}

void submitJob(PoolCore& core, Ref<Job> job) {
  if (core.inherited()) return job->refuse(core.inheritedFailure());
  core.submit(std::move(job));
}

void refuseJob(PoolCore& core, Ref<Job> job, Failure reason) {
  core.refuse(std::move(job), PoolCore::argumentFailure(std::move(reason)));
}

std::shared_ptr<std::byte> warmMemory(PoolCore& core, std::size_t bytes) {
  if (!core.inherited()) core.reactor().requireThread("ProcessPool::deferToProcess");
  return core.warmMemory().take(bytes);
}

}  // namespace detail

ProcessPool::ProcessPool(Reactor& reactor, PoolOptions options)
    : ProcessPool(reactor, std::move(options), reactor) {}

ProcessPool::ProcessPool(Reactor& reactor, PoolOptions options, Clock& clock)
    : Submitter(std::make_shared<detail::PoolLink>()) {
  reactor.requireThread("ProcessPool::ProcessPool");
  detail::refuseInUnservedWorker();
  link().core = std::make_shared<detail::PoolCore>(reactor, std::move(options), clock);
}

// Its callbacks may use the pool until the last of them has returned. In a forked child nothing of
// the copy may be touched: its descriptors, its shared pages and its workers are the parent's.
ProcessPool::~ProcessPool() {
  if (core().inherited()) {
    detail::keepForever(link().core);
  } else {
    core().close();
  }
  link().core = nullptr;
}

Deferred<void> ProcessPool::start() {
  if (core().inherited()) return fail<void>(core().inheritedFailure());
  reactor().requireThread("ProcessPool::start");
  return core().start();
}
Deferred<void> ProcessPool::stop(StopOptions options) {
  if (core().inherited()) return fail<void>(core().inheritedFailure());
  reactor().requireThread("ProcessPool::stop");
  return core().stop(options);
}
Deferred<void> ProcessPool::adjustPoolSize(std::size_t min, std::size_t max) {
  if (core().inherited()) return fail<void>(core().inheritedFailure());
  reactor().requireThread("ProcessPool::adjustPoolSize");
  return core().resize(min, max);
}
Deferred<void> ProcessPool::reload() {
  if (core().inherited()) return fail<void>(core().inheritedFailure());
  reactor().requireThread("ProcessPool::reload");
  return core().reload();
}
Deferred<void> ProcessPool::whenBelow(std::size_t jobs) {
  if (core().inherited()) return fail<void>(core().inheritedFailure());
  reactor().requireThread("ProcessPool::whenBelow");
  return core().whenBelow(jobs);
}
std::vector<WorkerStatus> ProcessPool::workers() const { return core().workers(); }
PoolStats ProcessPool::stats() const { return core().stats(); }
void ProcessPool::setObserver(std::shared_ptr<PoolObserver> observer) {
  core().reporter().setObserver(std::move(observer));
}
Reactor& ProcessPool::reactor() const { return core().reactor(); }

}  // namespace phial
