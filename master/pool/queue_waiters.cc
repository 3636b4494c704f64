#include "master/pool/queue_waiters.h"

#include <utility>

namespace phial::inline v1::detail {

Deferred<void> QueueWaiters::wait(std::size_t limit) {
  const std::uint64_t arrival = ++lastArrival_;
  auto made = newDeferred<void>([lanes = std::weak_ptr<Lanes>(lanes_), limit, arrival] {
    if (const auto alive = lanes.lock()) remove(*alive, limit, arrival);
  });
  (*lanes_)[limit].emplace(arrival, std::move(made.resolver));
  return std::move(made.deferred);
}

void QueueWaiters::remove(Lanes& lanes, std::size_t limit, std::uint64_t arrival) {
  const auto lane = lanes.find(limit);
  if (lane == lanes.end()) return;  // it is being told
  lane->second.erase(arrival);
  if (lane->second.empty()) lanes.erase(lane);
}

bool QueueWaiters::ready(std::size_t length) const {
  return !lanes_->empty() && lanes_->begin()->first > length;
}

bool QueueWaiters::deliverNext(std::size_t length) {
  auto first = lanes_->end();
  for (auto lane = lanes_->begin(); lane != lanes_->end() && lane->first > length; ++lane) {
    const bool earlier =
        first == lanes_->end() || lane->second.begin()->first < first->second.begin()->first;
    if (earlier) first = lane;
  }
  if (first == lanes_->end()) return false;
  const auto [arrival, resolver] = *first->second.begin();
  remove(*lanes_, first->first, arrival);
  resolver.callback();
  return true;
}

void QueueWaiters::failAll(const Failure& failure, SettlementQueue& settlements) {
  for (auto& [limit, lane] : std::exchange(*lanes_, {})) {
    for (auto& [arrival, resolver] : lane) settlements.fail(std::move(resolver), failure);
  }
}

}  // namespace phial::inline v1::detail
