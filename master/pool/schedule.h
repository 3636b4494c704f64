// Which jobs go to which worker, and when.
//
// A free worker gets the next job at once: by priority, then in order of submission. When there are
// more jobs than free workers and the function is known to be short, several jobs travel in one
// call, and a busy worker gets its next batch before it has answered the last. What a worker has
// not begun can be taken back: from a worker whose job takes longer than it should, and for a
// worker that has nothing to do.
//
// A job that a job has called comes before all jobs that were submitted, the deepest first: so the
// jobs that wait for others are those of one path through the tree of calls, as many as it is deep,
// and not all of a level.
//
// A job that is bound to one worker, such as a job of a lease, waits in that worker's own line, and
// the worker gets it as soon as it is idle. A job that needs a fresh worker waits in a line of its
// own too; where both it and a job for any worker could be next, priority and order of submission
// decide.
//
// The schedule knows neither processes nor clocks. The Dispatcher carries out what it decides, and
// the Roster tells it of each dispatch, answer and look.
#pragma once

#include <phial/master/clock.h>
#include <phial/protocol/control_page.h>
#include <phial/protocol/thresholds.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "master/pool/function_history.h"
#include "master/pool/job_queue.h"
#include "master/pool/placed_jobs.h"
#include "master/pool/roster.h"

namespace phial::inline v1::detail {

/// Work that travels in one call: enough that the call itself, some 12 us of processor time, hardly
/// shows; little enough that the last of a queue is spread over the workers.
inline constexpr Duration kBatchWork = std::chrono::microseconds(200);
/// A worker that will be busy for longer gets no job in advance: the way to it, about 0.1 ms, is
/// less than a hundredth of that.
inline constexpr Duration kPrefetchWork = std::chrono::milliseconds(20);

/// If more workers than this are busy, their calls take much of the cores, and each answer waits
/// for the answers of others. More work then travels in one call, and longer jobs are sent in
/// advance: so much for each further worker, up to a limit. This holds only while all queued jobs
/// have the same priority, because a job that has been sent runs before a more important job.
/// Measured with jobs that sleep on two cores, as share of the ideal: jobs of 10 ms on 256 workers
/// 0.43 with one job in each call, 0.62 with two, 0.86 with nine; jobs of 100 ms on 1,000 workers
/// 0.55 if no job is sent in advance, because both cores are idle for 40 % of the time, and 0.73 to
/// 0.86 so.
inline constexpr std::size_t kManyWorkers = 32;
inline constexpr Duration kBatchWorkPerWorker = std::chrono::microseconds(400);
inline constexpr Duration kMostBatchWork = std::chrono::milliseconds(250);
inline constexpr Duration kPrefetchWorkPerWorker = std::chrono::milliseconds(1);
inline constexpr Duration kMostPrefetchWork = std::chrono::milliseconds(250);

/// How long after its due time a crowded worker is looked at, and the pause between two looks. A
/// job of a batch of short ones may run for so long before the jobs behind it go elsewhere.
inline constexpr Duration kLookPause = std::chrono::milliseconds(1);

/// Jobs that are to travel in one call.
class BatchPlan {
 public:
  /// Of at most so many jobs, and so much work.
  BatchPlan(std::size_t most, Duration mostWork) : most_(most), mostWork_(mostWork) {}

  /// How large a job is, in words of 8 bytes.
  struct Words {
    std::uint64_t arguments = 0;
    std::uint64_t result = 0;  ///< expected
  };

  /// Whether a job may join those that have joined. `expected` is how long it should take, nothing
  /// when it had better travel alone.
  bool admits(std::optional<Duration> expected, Words words) const;
  void add(std::optional<Duration> expected, Words words);
  /// Counts a job that turned out not to be sendable: a queue of them is not to be failed in one
  /// go.
  void skip() { ++looked_; }

  bool full() const { return looked_ >= most_ || alone_; }
  /// How long all of it should take; Duration::max() when that is not known.
  Duration work() const { return alone_ ? Duration::max() : work_; }

 private:
  const std::size_t most_;
  const Duration mostWork_;
  std::size_t looked_ = 0;
  std::size_t jobs_ = 0;
  Duration work_{};
  Words words_;
  bool alone_ = false;
};

/// A worker, and the line from which it is to get jobs.
struct Turn {
  Seat* seat = nullptr;
  JobQueue* jobs = nullptr;
  /// Whose line it is.
  Placement::At line = Placement::At::any;

  explicit operator bool() const { return seat != nullptr; }
};

class Schedule {
 public:
  /// All are borrowed: `queue` are the jobs that any worker may run, `placed` the others.
  /// `mostWorkers` is how many workers the pool may have.
  /// `mostWaiting` is how many of them may wait at a time.
  Schedule(Roster& roster, JobQueue& queue, PlacedJobs& placed, std::size_t mostWorkers,
           std::size_t mostWaiting = 0)
      : roster_(roster),
        queue_(queue),
        placed_(placed),
        mostWorkers_(mostWorkers),
        mostWaiting_(mostWaiting) {}

  void setMostWorkers(std::size_t most) { mostWorkers_ = most; }
  enum class Prefetch { on, off };
  /// Off: a busy worker gets nothing in advance, because somebody waits for an idle one.
  void setPrefetch(Prefetch prefetch) { prefetch_ = prefetch; }

  /// A job of the function has run for so long, and its result needed so many words.
  void noteRun(FunctionName function, Duration run, std::uint64_t resultWords) {
    history_.note(function, run, resultWords);
  }
  /// How long a job should take; nothing when it had better travel alone, because its function is
  /// not known, or the job may kill its worker, or must not be started twice.
  std::optional<Duration> expectation(const JobEntry& entry) const;

  /// How many words the result of a job should need.
  std::uint64_t resultWords(const JobEntry& entry) const {
    return history_.resultWords(entry.job->function());
  }

  /// Whether a worker is free for the job that is submitted next.
  bool anyFree() const { return roster_.idle() > 0 && !atCapacity(); }
  /// Whether as many workers work as the pool may have. More can be there for a while: workers that
  /// are ready before those go whom they replace, and after workers had lent their places. A worker
  /// that has lent its place does not count.
  bool atCapacity() const;
  /// The worker that is to get jobs next, and which; empty when all jobs are to wait. Each marked
  /// worker is looked at once.
  Turn nextTurn();
  /// The worker that is to get the job at the head of the queue: a free one, or a busy one that is
  /// to get its next batch early. Null when the job is to wait. REQUIRES: the queue is not empty.
  Seat* next() const;
  /// Whether the job that a worker runs, for `running` now, takes longer than it should: longer
  /// than all that the worker holds, or than several such jobs. Then the worker gets nothing in
  /// advance, and what it has not begun goes elsewhere.
  static bool isLate(const Seat& seat, Duration running);
  /// How much of its line goes to a worker at once.
  BatchPlan plan(const Turn& turn) const;

  /// When a crowded worker is to be looked at next; nothing when there is no reason to.
  std::optional<TimePoint> nextLook(TimePoint now) const;
  /// A worker that is to be looked at by now; null when there is none.
  Seat* dueForLook(TimePoint now) const;
  /// How many workers have nothing to do, and would take a job from a crowded worker.
  std::size_t takers() const;
  /// Whether a worker gives one of its jobs to an idle worker.
  static bool spares(const Seat& seat) {
    return seat.load.expected > kBatchWork && !seat.kept() && !seat.called;
  }

 private:
  Seat* nextCalled();
  bool freshGoesFirst() const;
  bool freshNeedsRoom() const;
  Duration longestPrefetch() const;
  Duration mostBatchWork() const;
  Duration forManyWorkers(Duration least, Duration each, Duration most) const;

  Roster& roster_;
  JobQueue& queue_;
  PlacedJobs& placed_;
  std::size_t mostWorkers_;
  const std::size_t mostWaiting_;
  Prefetch prefetch_ = Prefetch::on;
  FunctionHistory history_;
};

}  // namespace phial::inline v1::detail
