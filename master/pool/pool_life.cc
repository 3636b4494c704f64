#include "master/pool/pool_life.h"

#include <phial/protocol/saturating_time.h>

#include <algorithm>
#include <utility>

namespace phial::inline v1::detail {

Deferred<void> PoolLife::whenStarted() {
  auto [deferred, resolver] = newDeferred<void>();
  starters_.push_back(std::move(resolver));
  return std::move(deferred);
}

void PoolLife::succeedStart() {
  for (auto& starter : std::exchange(starters_, {})) settlements_.succeed(std::move(starter));
}

void PoolLife::failStart(const Failure& failure) {
  for (auto& starter : std::exchange(starters_, {})) settlements_.fail(std::move(starter), failure);
}

Deferred<void> PoolLife::whenGone(std::uint64_t lastWorker) {
  auto [deferred, resolver] = newDeferred<void>();
  goneWaiters_.emplace_back(lastWorker, std::move(resolver));
  return std::move(deferred);
}

void PoolLife::succeedGone(std::optional<std::uint64_t> oldest) {
  std::erase_if(goneWaiters_, [&](auto& waiter) {
    if (oldest && *oldest <= waiter.first) return false;
    settlements_.succeed(std::move(waiter.second));
    return true;
  });
}

Deferred<void> PoolLife::stop(const StopOptions& options) {
  auto [deferred, resolver] = newDeferred<void>();
  stoppers_.push_back(std::move(resolver));
  const bool drains = options.drainQueue && phase_ <= Phase::draining;
  phase_ = std::max(phase_, drains ? Phase::draining : Phase::stopping);
  return std::move(deferred);
}

void PoolLife::limit(Duration within, std::function<void()> reached) {
  const TimePoint at = saturatingAdd(clock_.now(), within);
  if (limit_ && *limit_ <= at) return;
  limit_ = at;
  limitTimer_.cancel();
  limitTimer_ = clock_.callLater(within, std::move(reached));
}

void PoolLife::succeedStop() {
  limitTimer_.cancel();
  for (auto& stopper : std::exchange(stoppers_, {})) settlements_.succeed(std::move(stopper));
}

bool PoolLife::close() {
  limitTimer_.cancel();
  return std::exchange(phase_, Phase::closed) != Phase::closed;
}

}  // namespace phial::inline v1::detail
