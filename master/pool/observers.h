// Those who watch a pool, and what they are told.
#pragma once

#include <phial/master/detail/job.h>
#include <phial/master/job_event.h>
#include <phial/master/pool_observer.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "master/log/pool_log.h"

namespace phial::inline v1::detail {

/// One who watches; `observer` is null once the Observation has been dropped.
struct Watcher {
  explicit Watcher(std::shared_ptr<PoolObserver> who);

  std::shared_ptr<PoolObserver> observer;
  BatchObserver* const batches;  // the observer, if it takes job events in batches
  const unsigned wanted;         // kinds of job events, a bit each
  const bool wantsTimings;
};

/// The bit of this kind in a set of kinds.
constexpr unsigned bitOf(JobEvent::Kind kind) { return 1U << static_cast<unsigned>(kind); }

/// Never changed, but replaced: an event that is yet to be told keeps its own.
struct WatcherList {
  std::vector<std::shared_ptr<Watcher>> watchers;
  unsigned wanted = 0;  // of any of them
  bool wantsTimings = false;

  void add(std::shared_ptr<Watcher> watcher);
};

class Observers {
 public:
  /// `log` gets what an observer throws.
  explicit Observers(std::shared_ptr<PoolLog> log) : log_(std::move(log)) {}

  Observation add(std::shared_ptr<PoolObserver> observer);

  /// Whether anybody watches. If nobody does, an event need not be made.
  bool any() {
    if (!list_) return false;
    for (const auto& watcher : list_->watchers) {
      if (!watcher->observer) return anyLeft();
    }
    return true;
  }
  /// Whether anybody needs job events of this kind.
  bool want(JobEvent::Kind kind) { return any() && (list_->wanted & bitOf(kind)) != 0; }
  /// Whether anybody needs JobTimes::decoding and encoding.
  bool wantTimings() { return any() && list_->wantsTimings; }

  /// Those who watch now. REQUIRES: any().
  const std::shared_ptr<const WatcherList>& list() const { return list_; }
  const std::shared_ptr<PoolLog>& log() const { return log_; }

  /// A call that tells those who watch now of an event. It throws nothing, may be made when this
  /// object is gone, and skips whoever has stopped watching by then. The observers may do anything,
  /// the destruction of the pool included. `event` is a member of PoolObserver.
  template <class Event, class... Args>
  std::function<void()> telling(Event event, Args... args) {
    return [list = list_, log = log_, event, ... args = std::move(args)] {
      for (const auto& watcher : list->watchers) {
        tell(*watcher, *log, [&](PoolObserver& observer) { (observer.*event)(args...); });
      }
    };
  }

  /// Makes `call` with the observer, unless it has stopped watching. An exception is logged.
  template <class Call>
  static void tell(const Watcher& watcher, const PoolLog& log, Call call) {
    const auto observer = watcher.observer;  // it may stop watching meanwhile
    if (!observer) return;
    try {
      call(*observer);
    } catch (...) {
      logThrown(log);
    }
  }

 private:
  bool anyLeft();
  static void logThrown(const PoolLog& log);

  const std::shared_ptr<PoolLog> log_;
  std::shared_ptr<const WatcherList> list_;  // null when empty
};

/// What is known of a job that has not been queued yet.
JobReport reportOf(const Job& job);

}  // namespace phial::inline v1::detail
