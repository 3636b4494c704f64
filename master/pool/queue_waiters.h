// Those who wait for a pool's queue to become short.
#pragma once

#include <phial/master/deferred.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "master/pool/settlement_queue.h"

namespace phial::inline v1::detail {

class QueueWaiters {
 public:
  /// Joins those who wait for fewer than `limit`; cancelling leaves.
  Deferred<void> wait(std::size_t limit);

  /// Whether a queue of `length` is what somebody waits for.
  bool ready(std::size_t length) const;
  /// Tells the one who has waited longest of those. Calls user code, after which this may be gone.
  /// False when there is nobody.
  bool deliverNext(std::size_t length);
  /// Fails all, through `settlements`.
  void failAll(const Failure& failure, SettlementQueue& settlements);

 private:
  // By limit, the highest first; then by arrival. No lane is empty.
  using Lane = std::map<std::uint64_t, Resolver<void>>;
  using Lanes = std::map<std::size_t, Lane, std::greater<>>;

  static void remove(Lanes& lanes, std::size_t limit, std::uint64_t arrival);

  std::shared_ptr<Lanes> lanes_ = std::make_shared<Lanes>();
  std::uint64_t lastArrival_ = 0;
};

}  // namespace phial::inline v1::detail
