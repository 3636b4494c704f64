// Calls user code for a pool: the Deferreds of jobs, those who wait for room in the queue, and
// observers.
//
// User code may take nothing or for ever, and may do anything to the pool, its destruction
// included. Delivering is therefore the last thing that the pool does in a turn, and ends with the
// turn's slice. What has been decided is delivered in the order of the decisions. Those who wait
// for room come when nothing else is left: what they submit waits behind it.
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/reactor.h>

#include <cstddef>

#include "master/pool/ledger.h"
#include "master/pool/queue_waiters.h"
#include "master/pool/settlement_queue.h"

namespace phial::inline v1::detail {

class Delivery {
 public:
  /// `reactor` is borrowed.
  explicit Delivery(Reactor& reactor) : reactor_(reactor) {}
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  /// What has been decided and not been told yet.
  SettlementQueue& settlements() { return settlements_; }
  /// Those who wait for a short queue.
  QueueWaiters& waiters() { return waiters_; }

  /// Whether there is anything to deliver while so many jobs are queued.
  bool ready(std::size_t queued) const { return !settlements_.empty() || waiters_.ready(queued); }
  /// Delivers until `end` or until nothing is left, and at least once. REQUIRES: the caller keeps
  /// this and `ledger` alive, whatever user code does.
  void deliver(TimePoint end, const Ledger& ledger);
  /// Delivers all settlements, however long that takes: the pool ends.
  void deliverAll();

 private:
  bool deliverNext(const Ledger& ledger);

  Reactor& reactor_;
  SettlementQueue settlements_;
  QueueWaiters waiters_;
};

}  // namespace phial::inline v1::detail
