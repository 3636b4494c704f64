// Jobs that wait for a worker: by priority, then in order of submission.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>

namespace phial::detail {

class JobQueue {
 public:
  /// Where a job stands, to take it out again in constant time. Valid until it is taken out.
  using Place = std::list<std::uint64_t>::iterator;

  /// Adds a job behind those of its priority.
  Place pushBack(std::uint64_t job, int priority);
  /// Adds a job before those of its priority: one that comes back from a dead worker.
  Place pushFront(std::uint64_t job, int priority);
  void remove(Place place, int priority);

  /// The job to run next. REQUIRES: not empty().
  std::uint64_t front() const { return lanes_.begin()->second.front(); }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

 private:
  std::map<int, std::list<std::uint64_t>, std::greater<>> lanes_;  // no lane is empty
  std::size_t size_ = 0;
};

}  // namespace phial::detail
