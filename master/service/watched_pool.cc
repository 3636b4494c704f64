#include "master/service/watched_pool.h"

namespace phial::inline v1::detail {
namespace {

void addCounters(PoolStats& to, const PoolStats& from) {
  to.rerun += from.rerun;
  to.spawned += from.spawned;
  to.queueWait += from.queueWait;
  to.runTime += from.runTime;
}

}  // namespace

PoolStats WatchedPool::stats() const {
  PoolStats stats;
  if (pool_ != nullptr) stats = pool_->stats();
  addCounters(stats, before_);
  return stats;
}

void WatchedPool::jobEvents(std::span<const JobEvent> events) {
  for (const JobEvent& event : events) {
    if (event.kind == JobEvent::Kind::settled) functions_.add(event);
  }
}

void WatchedPool::workerDied(const DeathCertificate& death) {
  ++deaths_.at(static_cast<std::size_t>(death.cause));
}

void WatchedPool::poolEnded(const PoolStats& stats) {
  pool_ = nullptr;
  addCounters(before_, stats);
}

}  // namespace phial::inline v1::detail
