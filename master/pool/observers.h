// Those who watch a pool, and what they are told.
#pragma once

#include <phial/master/detail/job.h>
#include <phial/master/pool_observer.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "master/log/pool_log.h"

namespace phial::inline v1::detail {

/// One who watches; null once the Observation has been dropped.
struct Watcher {
  std::shared_ptr<PoolObserver> observer;
};

class Observers {
 public:
  /// `log` gets what an observer throws.
  explicit Observers(std::shared_ptr<PoolLog> log) : log_(std::move(log)) {}

  Observation add(std::shared_ptr<PoolObserver> observer);

  /// Whether anybody watches. If nobody does, an event need not be made.
  bool any();

  /// A call that tells those who watch now of an event. It throws nothing, may be made when this
  /// object is gone, and skips whoever has stopped watching by then. The observers may do anything,
  /// the destruction of the pool included. `event` is a member of PoolObserver.
  template <class Event, class... Args>
  std::function<void()> telling(Event event, Args... args) {
    return [list = list_, log = log_, event, ... args = std::move(args)] {
      each(*list, *log, [&](PoolObserver& observer) { (observer.*event)(args...); });
    };
  }

 private:
  using List = std::vector<std::shared_ptr<Watcher>>;

  static void each(const List& list, const PoolLog& log,
                   const std::function<void(PoolObserver&)>& tell);

  const std::shared_ptr<PoolLog> log_;
  // Never changed, but replaced: an event that is yet to be told keeps its own. Null when empty.
  std::shared_ptr<const List> list_;
};

/// What is known of a job that has not been queued yet.
JobReport reportOf(const Job& job);

}  // namespace phial::inline v1::detail
