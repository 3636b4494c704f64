// The workers of a pool, and which of them are free.
//
// Idle workers are used most recently used first: the surplus then ages at the other end, where
// pruning looks.
#pragma once

#include <phial/master/clock.h>

#include <memory>
#include <vector>

#include "master/supervision/worker_process.h"

namespace phial::detail {

class WorkerSet {
 public:
  using Pointer = std::shared_ptr<WorkerProcess>;

  void add(Pointer worker) { all_.push_back(std::move(worker)); }
  /// Takes a worker out, wherever it stands.
  Pointer remove(const WorkerProcess& worker);

  /// Notes that a worker is free since `now`.
  void becameIdle(WorkerProcess& worker, TimePoint now) { idle_.push_back({&worker, now}); }
  /// The most recently used idle worker. REQUIRES: anyIdle().
  WorkerProcess& latestIdle() const { return *idle_.back().worker; }
  /// Takes it. REQUIRES: anyIdle().
  WorkerProcess& takeIdle();
  /// The one that has been idle longest. REQUIRES: anyIdle().
  WorkerProcess& oldestIdle() const { return *idle_.front().worker; }
  TimePoint oldestIdleSince() const { return idle_.front().since; }
  /// Takes the worker that has been idle longest. REQUIRES: anyIdle().
  WorkerProcess& takeOldestIdle();
  /// Whether there is one that could take a job now. Forgets those that began to end while idle.
  bool anyIdle();

  std::size_t count(WorkerState state) const;
  /// Whether there is one that has ended, and has yet to say how.
  bool anyVerdictPending() const;
  /// Those that serve or will: starting, idle and busy.
  std::size_t active() const;
  std::size_t size() const { return all_.size(); }
  bool empty() const { return all_.empty(); }
  const std::vector<Pointer>& all() const { return all_; }

  /// Takes out everything.
  std::vector<Pointer> clear();

 private:
  struct Idle {
    WorkerProcess* worker;
    TimePoint since;
  };

  std::vector<Pointer> all_;
  std::vector<Idle> idle_;  // oldest first
};

}  // namespace phial::detail
