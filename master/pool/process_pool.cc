#include <phial/master/process_pool.h>
#include <phial/protocol/worker_contract.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

#include "master/pool/placed_runner.h"
#include "master/pool/pool_core.h"

namespace phial::inline v1 {

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

std::shared_ptr<PoolCore> makeCore(Reactor& reactor, PoolOptions options, Clock& clock) {
  reactor.requireThread("ProcessPool::ProcessPool");
  refuseInUnservedWorker();
  return std::make_shared<PoolCore>(reactor, std::move(options), clock);
}

class CallInEachWorker final : public EveryCall {
 public:
  explicit CallInEachWorker(PoolCore& core) : core_(core), left_(core.readyWorkers()) {
    std::ranges::reverse(left_);
  }

  std::uint64_t nextWorker() override {
    if (left_.empty()) return 0;
    const std::uint64_t worker = left_.back();
    left_.pop_back();
    runner_.emplace(core_, Placement{Placement::At::worker, worker});
    return worker;
  }
  Runner& runner() override { return *runner_; }
  void addLater(WorkerStart call) override { core_.startCalls().add(std::move(call)); }

 private:
  PoolCore& core_;
  std::vector<std::uint64_t> left_;  // the next one last
  std::optional<PlacedRunner> runner_;
};

}  // namespace
}  // namespace detail

ProcessPool::ProcessPool(Reactor& reactor, PoolOptions options)
    : ProcessPool(reactor, std::move(options), reactor) {}

ProcessPool::ProcessPool(Reactor& reactor, PoolOptions options, Clock& clock)
    : ProcessPool(detail::makeCore(reactor, std::move(options), clock)) {}

ProcessPool::ProcessPool(std::shared_ptr<detail::PoolCore> core)
    : Pool(core), core_(std::move(core)) {}

// Its callbacks may use the pool until the last of them has returned. In a forked child nothing of
// the copy may be touched: its descriptors, its shared pages and its workers are the parent's.
ProcessPool::~ProcessPool() {
  if (core_->inherited()) {
    detail::keepForever(core_);
  } else {
    core_->close();
  }
  end();
}

Deferred<void> ProcessPool::adjustPoolSize(std::size_t min, std::size_t max) {
  if (auto refusal = core_->enter("ProcessPool::adjustPoolSize")) return fail<void>(*refusal);
  return core_->resize(min, max);
}

Deferred<void> ProcessPool::reload() {
  if (auto refusal = core_->enter("ProcessPool::reload")) return fail<void>(*refusal);
  return core_->reload();
}

Deferred<void> ProcessPool::killWorkers() {
  if (auto refusal = core_->enter("ProcessPool::killWorkers")) return fail<void>(*refusal);
  return core_->killWorkers();
}

Deferred<Lease> ProcessPool::lease(LeaseOptions options) {
  if (auto refusal = core_->enter("ProcessPool::lease")) return fail<Lease>(*refusal);
  return core_->lease(options);
}

std::shared_ptr<detail::EveryCall> ProcessPool::everyCall() const {
  if (auto refusal = core_->enter("ProcessPool::onEveryWorker")) refusal->rethrow();
  return std::make_shared<detail::CallInEachWorker>(*core_);
}

std::vector<WorkerStatus> ProcessPool::workers() const {
  if (core_->enter("ProcessPool::workers")) return {};
  return core_->workers();
}

Reactor& ProcessPool::reactor() const { return core_->reactor(); }

}  // namespace phial::inline v1
