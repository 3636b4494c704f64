// A page of memory that a master shares with one worker.
//
// Storing into the page costs nothing, so the worker keeps it exact: which job it is running, since
// when, and in which phase. When the worker dies, the master reads from the page what no message
// can say any more. In the other direction the master raises the cancel word, which a running job
// checks without a thread or a system call.
//
// The page has a slot for each job that was sent and not yet answered. Worker and master settle by
// compare-and-swap whether the worker takes up the job or the master takes it back. Behind the page
// lies room for the results of jobs that travel in batches. The master can fetch such a result at
// any time, also while the worker is busy with the next job, and after the worker has died of that
// job.
//
// Trust: the worker may write anything here. The master checks what it reads against what it knows
// itself. The file is sealed, so it cannot shrink under the mapping.
#pragma once

#include <kj/io.h>
#include <phial/protocol/memory_file.h>
#include <phial/protocol/phase.h>
#include <phial/protocol/progress_board.h>
#include <phial/protocol/thresholds.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// The state of one job that was sent. The job's number is part of the word, so the slot can be
/// used for the next job as soon as the worker has answered or skipped the last one.
class JobSlot {
 public:
  /// Master, before it sends the job. REQUIRES: the worker has finished with the slot's last job.
  void offer(std::uint64_t job) { word_.store(word(job, State::offered)); }
  /// Worker, before it reads the job. Returns false when the master has taken the job back, or
  /// never put it here.
  bool claim(std::uint64_t job) { return settle(job, State::claimed); }
  /// Worker, when the job's result can be fetched. REQUIRES: it has claimed the job.
  void deliver(std::uint64_t job) { word_.store(word(job, State::delivered)); }
  /// Master. Returns true when the worker has not begun the job, and now never will.
  bool withdraw(std::uint64_t job) { return settle(job, State::withdrawn); }

  /// True if the worker has taken up `job`; the job may have ended since.
  bool claimed(std::uint64_t job) const {
    const auto now = word_.load();
    return now == word(job, State::claimed) || now == word(job, State::delivered);
  }
  /// True if the result of `job` can be fetched.
  bool delivered(std::uint64_t job) const { return word_.load() == word(job, State::delivered); }

 private:
  enum class State : std::uint64_t { offered = 1, claimed, delivered, withdrawn };

  static constexpr std::uint64_t word(std::uint64_t job, State state) {
    return job << 3 | static_cast<std::uint64_t>(state);
  }
  bool settle(std::uint64_t job, State state) {
    std::uint64_t expected = word(job, State::offered);
    return word_.compare_exchange_strong(expected, word(job, state));
  }

  std::atomic<std::uint64_t> word_;
};

/// The most jobs in one call. The slots and the room for results of a batch are used again when the
/// batch has been answered.
inline constexpr std::size_t kBatchSlots = 128;
/// The most batches that a worker holds at a time: one to work on, and the next.
inline constexpr std::size_t kBatches = 2;
inline constexpr std::size_t kJobSlots = kBatchSlots * kBatches;

/// The counts of the items of a stream on their way: see item_ring.h. Nothing of it means anything
/// before the job that it names has been sent.
struct ItemRing {
  /// Master, before it sends the job: the job whose items these are.
  std::atomic<std::uint64_t> job;
  /// Worker: words that it has written for this job.
  std::atomic<std::uint64_t> written;
  /// Master: words that it has taken.
  std::atomic<std::uint64_t> taken;
  /// Not 0: the side sleeps, and is to be rung when its reason has gone. Whoever rings clears it.
  std::atomic<std::uint32_t> readerSleeps;
  std::atomic<std::uint32_t> writerSleeps;
};

/// The page's layout. Times are nanoseconds of CLOCK_MONOTONIC, which both processes share.
struct ControlPage {
  std::atomic<Phase> phase;
  /// The job that was begun last; 0 before the first. Stored before its arguments are read.
  std::atomic<std::uint64_t> job;
  /// When the job's function was entered; 0 before that.
  std::atomic<std::int64_t> startedNanos;
  /// The job that should give up. Only the master writes it.
  std::atomic<std::uint64_t> cancelledJob;
  std::array<JobSlot, kJobSlots> slots;
  /// The element of its range that a job of a map is at, counted from 1; 0 when it is at none.
  std::atomic<std::uint64_t> element;
  /// When this element was begun; 0 when elements have no time limit. Stored before `element`, so
  /// that no element is ever seen with the start of the element before it.
  std::atomic<std::int64_t> elementStartedNanos;
  /// The element, counted from 1, that cancelledJob applies to; 0: the whole job. Only the master
  /// writes it, before cancelledJob.
  std::atomic<std::uint64_t> cancelledElement;
  /// The job to which memory was refused last, or kRefusedBetweenJobs or kRefusedToMessage; 0 when
  /// memory was never refused.
  std::atomic<std::uint64_t> refusedJob;
  /// The progress reports of jobs.
  ProgressBoard progress;
  /// Master: the signal that is about to end the worker; the worker may first write where it is. 0:
  /// no signal.
  std::atomic<std::int32_t> endSignal;
  /// Master, before the spawn: not 0 when the worker is to ignore a stranger's SIGTERM.
  std::atomic<std::uint32_t> leavesTerm;
  /// Worker, as it ends: the number, plus one, of one of its own descriptors that a job has closed
  /// or replaced. 0: none.
  std::atomic<std::uint32_t> lostDescriptor;
  /// The items of the stream that runs, if a job is one.
  ItemRing items;
};

/// Memory was refused while no job was running, to code of the program's that runs beside the jobs.
inline constexpr std::uint64_t kRefusedBetweenJobs = ~std::uint64_t{0};
/// Memory was refused to the message that carried the next job.
inline constexpr std::uint64_t kRefusedToMessage = kRefusedBetweenJobs - 1;
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// Where the result of a slot lies in the room of its batch, in words of 8 bytes. Valid once
/// delivered.
struct ResultPlace {
  std::atomic<std::uint32_t> offset;
  std::atomic<std::uint32_t> words;
};

/// Room for results, written only by the worker. Each result is a message of one segment with a
/// JobResult at its root. A result that does not fit ends its batch and travels in the answer.
struct ResultMemory {
  /// Results above it would go through an arena anyway. Memory that no result has filled costs
  /// nothing.
  static constexpr std::size_t kBatchWords = detail::kResultRoomWords;

  std::array<ResultPlace, kJobSlots> places;
  std::array<std::array<std::uint64_t, kBatchWords>, kBatches> words;
};

/// Where a worker was when a signal ended it, as lines of text. The worker's signal handler writes
/// the text piece by piece.
struct TraceMemory {
  static constexpr std::size_t kTextBytes = 8184;

  std::atomic<std::uint32_t> bytes;
  std::array<char, kTextBytes> text;
};

/// The current time on the page's clock.
std::int64_t controlPageNanos();

/// Owns a mapping of a control page. In the master it also owns the memory file, until the worker
/// has it.
class ControlPageMapping {
 public:
  /// Makes a sealed page with room for results. Throws std::system_error; std::bad_alloc when it
  /// cannot be mapped.
  static ControlPageMapping create();
  /// Maps the page that the master has left at descriptor `fd`, and closes the descriptor. Throws
  /// std::bad_alloc.
  static ControlPageMapping adopt(int fd);

  ControlPage& page() const;
  ResultMemory& results() const;
  TraceMemory& trace() const;
  /// The memory file to pass to the worker, close-on-exec; -1 when it is closed.
  int fd() const { return file_.get(); }
  /// Closes the file; the mapping stays.
  void closeFile() { file_ = nullptr; }

 private:
  explicit ControlPageMapping(kj::AutoCloseFd file);

  kj::AutoCloseFd file_;
  detail::SharedMapping mapping_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
