#include <phial/master/blocking_pool.h>
#include <phial/master/reactor_thread.h>

#include <chrono>
#include <utility>

namespace phial::inline v1 {
namespace detail {

// Lives on the loop's thread.
class BlockingCore::OwnedPool {
 public:
  OwnedPool(Reactor& reactor, PoolOptions options, Slot slot)
      : pool_(reactor, std::move(options)), slot_(std::move(slot)) {
    *slot_ = &pool_;
  }
  // Before the pool's own, whose callbacks may ask for it.
  ~OwnedPool() { *slot_ = nullptr; }
  OwnedPool(const OwnedPool&) = delete;
  OwnedPool& operator=(const OwnedPool&) = delete;

  Deferred<void> stop(StopOptions options) { return pool_.stop(options); }

 private:
  ProcessPool pool_;
  const Slot slot_;
};

BlockingCore::BlockingCore(PoolOptions options)
    : pool_(std::make_shared<ProcessPool*>(nullptr)),
      thread_(std::make_unique<ReactorThread>(
          ReactorThreadOptions{.name = "phial-pool", .stopWithin = Duration::zero()})),
      reactor_(&thread_->reactor()),
      door_(ThreadDoor::of(*reactor_)) {
  thread_->own<OwnedPool>(std::move(options), pool_);
}

BlockingCore::~BlockingCore() = default;

void BlockingCore::close() { thread_.reset(); }

ProcessPool& BlockingCore::pool() const {
  if (*pool_ == nullptr) throwPoolStopped(WaitEnd::stopped);
  return **pool_;
}

Submitter BlockingCore::jobs(const BlockingOptions& options) const {
  Submitter jobs = pool();
  if (!options) return jobs;
  for (const MapOptions& each : *options) jobs = jobs.with(each);
  return jobs;
}

void throwPoolStopped(WaitEnd) { poolGone().rethrow(); }

}  // namespace detail

namespace {

detail::BlockingOptions withAlso(const detail::BlockingOptions& before, MapOptions options) {
  auto all = before ? *before : std::vector<MapOptions>();
  all.push_back(std::move(options));
  return std::make_shared<const std::vector<MapOptions>>(std::move(all));
}

}  // namespace

BlockingSubmitter BlockingSubmitter::with(JobOptions options) const {
  return with(MapOptions{.job = std::move(options)});
}

BlockingSubmitter BlockingSubmitter::with(MapOptions options) const {
  BlockingSubmitter handle(*this);
  handle.options_ = withAlso(options_, std::move(options));
  return handle;
}

BlockingPool::BlockingPool(PoolOptions options)
    : BlockingSubmitter(std::make_shared<detail::BlockingCore>(std::move(options))) {}

BlockingPool::~BlockingPool() { core().close(); }

void BlockingPool::start() {
  detail::waitOnPool(core(), "BlockingPool::start", [this] { return core().pool().start(); });
}

void BlockingPool::stop(StopOptions options) {
  detail::waitOnPool(core(), "BlockingPool::stop", [&] { return core().pool().stop(options); });
}

PoolStats BlockingPool::stats() const {
  return detail::waitOnPool(core(), "BlockingPool::stats",
                            [this] { return core().pool().stats(); });
}

}  // namespace phial::inline v1
