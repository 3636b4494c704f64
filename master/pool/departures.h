// The workers of a pool that are to be replaced while they live.
//
// Each goes when its replacement is ready, or when nobody needs one. Until then it either serves on
// or takes no further job.
#pragma once

#include <cstddef>
#include <vector>

#include "master/supervision/worker_process.h"

namespace phial::detail {

class Departures {
 public:
  enum class Service { goesOn, over };

  /// Adds a worker, borrowed until remove(). One that leaves already stays as it is.
  void add(WorkerProcess& worker, Service service);
  void remove(const WorkerProcess& worker);
  void clear() { leaving_.clear(); }

  bool contains(const WorkerProcess& worker) const;
  /// Whether it takes no further job.
  bool serviceOver(const WorkerProcess& worker) const;
  /// Lets all serve on. Returns those that are idle and did not before.
  std::vector<WorkerProcess*> resumeService();

  bool empty() const { return leaving_.empty(); }
  /// Those that have not begun to end.
  std::size_t active() const;
  std::size_t count(WorkerState state) const;
  /// Those that take no further job.
  std::size_t over() const;
  std::size_t goingOn() const { return leaving_.size() - over(); }
  /// An idle one, if possible one that takes no further job; null when all are at work.
  WorkerProcess* firstToGo() const;

 private:
  struct Leaving {
    WorkerProcess* worker;
    Service service;
  };

  std::vector<Leaving>::const_iterator find(const WorkerProcess& worker) const;

  std::vector<Leaving> leaving_;  // in the order of their decisions
};

}  // namespace phial::detail
