// Jobs that wait for a worker: by priority, then in order of submission.
#pragma once

#include <algorithm>
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>

#include "master/pool/job_entry.h"

namespace phial::inline v1::detail {

/// The earlier of two times, of which each may be missing.
inline std::optional<TimePoint> earlier(std::optional<TimePoint> a, std::optional<TimePoint> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

/// Borrows its entries.
class JobQueue {
 public:
  /// Adds a job behind those of its priority.
  void pushBack(JobEntry& entry, int priority);
  /// Adds a job before those of its priority: one that comes back from a dead worker.
  void pushFront(JobEntry& entry, int priority);
  /// Takes a job out, wherever it stands, in constant time. `priority` is as it was put in with.
  void remove(JobEntry& entry, int priority);

  /// The job to run next. REQUIRES: not empty().
  JobEntry& front() { return lanes_.begin()->second.front(); }
  const JobEntry& front() const { return lanes_.begin()->second.front(); }

  /// When the job was submitted that has waited for longest; empty when there is none.
  std::optional<TimePoint> oldest() const;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  /// Whether all jobs have the same priority.
  bool onePriority() const { return lanes_.size() <= 1; }

 private:
  using Lane =
      boost::intrusive::list<JobEntry,
                             boost::intrusive::member_hook<
                                 JobEntry, boost::intrusive::list_member_hook<>, &JobEntry::place>,
                             boost::intrusive::constant_time_size<false>>;

  std::map<int, Lane, std::greater<>> lanes_;  // no lane is empty
  std::size_t size_ = 0;
};

}  // namespace phial::inline v1::detail
