// The queued jobs that do not stand in the common line: those that wait for a fresh worker, those
// that wait for one worker, and those that jobs have called.
//
// Each kind stands in a line of its own, so that a job whose worker is busy holds up no job behind
// it. A worker's line exists while jobs wait for this worker. When the worker has died, its line is
// doomed: each job in it is to fail for the same reason, some in each turn of the loop.
//
// A worker whose line has changed, or that may have become free for its line, is marked. The
// schedule looks at marked workers alone, never at all.
//
// Thread rule: the loop's.
#pragma once

#include <phial/protocol/failure.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "master/pool/job_queue.h"

namespace phial::inline v1::detail {

/// Borrows its entries.
class PlacedJobs {
 public:
  // As JobQueue. The entry's placement selects the line; it is not Placement::At::any.
  void pushBack(JobEntry& entry);
  void pushFront(JobEntry& entry);
  void remove(JobEntry& entry);

  /// All jobs, those of doomed lines included.
  std::size_t size() const { return size_; }
  /// When the job was submitted that has waited for longest; empty when there is none.
  std::optional<TimePoint> oldest() const;
  const JobQueue& fresh() const { return fresh_; }
  JobQueue& fresh() { return fresh_; }
  /// The children of the greatest depth, by priority; null when there is no child.
  /// Drops the lines before it that have run empty; none is dropped elsewhere, since whoever
  /// empties a line still looks at it.
  JobQueue* deepest();
  /// All children.
  std::size_t children() const { return childCount_; }
  /// The jobs that wait for this worker; null when there is none, or the line is doomed.
  JobQueue* of(std::uint64_t worker);
  const JobQueue* of(std::uint64_t worker) const {
    return const_cast<PlacedJobs*>(this)->of(worker);
  }
  /// True if a job waits for this worker, or is still to fail because of its death.
  bool anyFor(std::uint64_t worker) const;
  /// True if a job waits for a worker that lives.
  bool anyToRun() const { return toRun_ > 0; }

  // Marked workers.

  void mark(std::uint64_t worker) { marked_.insert(worker); }
  /// As mark(), if jobs wait for this worker.
  void markIfWaitedFor(std::uint64_t worker);
  std::optional<std::uint64_t> firstMarked() const;
  /// The line of the worker is dropped if no job is left in it.
  void unmark(std::uint64_t worker);

  // Doomed lines.

  /// The jobs that wait for this worker are to fail with `reason`. No effect when there is none.
  void doom(std::uint64_t worker, const Failure& reason);
  void doomAll(const Failure& reason);
  bool anyDoomed() const { return size_ > fresh_.size() + childCount_ + toRun_; }
  struct Doomed {
    JobEntry* job;
    const Failure* reason;
  };
  /// The next job that is to fail. REQUIRES: anyDoomed().
  Doomed firstDoomed();

 private:
  struct Line {
    JobQueue jobs;
    std::optional<Failure> doom;
  };

  JobQueue& lineOf(const JobEntry& entry);

  JobQueue fresh_;
  std::map<std::uint32_t, JobQueue, std::greater<>> children_;  // by depth
  std::size_t childCount_ = 0;
  std::map<std::uint64_t, Line> lines_;  // by worker
  std::size_t size_ = 0;
  std::size_t toRun_ = 0;  // jobs in lines of workers that live
  std::set<std::uint64_t> marked_;
  std::set<std::uint64_t> doomed_;  // workers
};

}  // namespace phial::inline v1::detail
