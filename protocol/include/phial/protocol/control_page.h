// One page of memory that a master shares with one worker.
//
// A store into it costs nothing, so the worker keeps it exact: which job it is running, since when,
// and in which phase. When the worker dies the master reads from it what a message could no longer
// say. The other way the master raises the cancel word, which a running job can look at without a
// thread or a system call.
//
// Between the two stand the slots, one for each job that was sent and not yet answered: worker and
// master settle by compare-and-swap whether the worker takes the job up or the master takes it
// back. Behind the page lies room for the results of jobs that travel in batches: a result that is
// there can be fetched at any time, also while the worker is busy with the next job, and when it
// has died of that.
//
// Trust: the worker may write anything there. The master uses what it reads only after a check
// against what it knows itself, and the file is sealed so that it cannot shrink under the mapping.
#pragma once

#include <kj/io.h>
#include <phial/protocol/memory_file.h>
#include <phial/protocol/progress_board.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace phial {

/// What a worker is doing.
enum class Phase : std::uint32_t {
  starting,    ///< from exec to the answer of the handshake; onStart runs here
  idle,        ///< waiting for a job
  decoding,    ///< reading a job's arguments
  running,     ///< inside the user's function
  encoding,    ///< writing its result
  delivering,  ///< the result is on its way to the pipe
  stopping,    ///< asked to end; onStop runs here
};

/// "starting", "idle", ...; "unknown" for a value that is none of them.
const char* phaseName(Phase phase);

/// Who has a job that was sent. The job's number is part of the word, so that a slot can be used
/// again for the next job as soon as the worker has answered or passed by the last.
class JobSlot {
 public:
  /// Master, before the job is sent. REQUIRES: the worker is done with the slot's last job.
  void offer(std::uint64_t job) { word_.store(word(job, State::offered)); }
  /// Worker, before it looks at the job. False: the master has taken it back, or never put it here.
  bool claim(std::uint64_t job) { return settle(job, State::claimed); }
  /// Worker, when the job's result can be fetched. REQUIRES: it has claimed the job.
  void deliver(std::uint64_t job) { word_.store(word(job, State::delivered)); }
  /// Master. True: the worker has not begun the job and will not.
  bool withdraw(std::uint64_t job) { return settle(job, State::withdrawn); }

  /// Whether the worker has taken `job` up; it may have ended since.
  bool claimed(std::uint64_t job) const {
    const auto now = word_.load();
    return now == word(job, State::claimed) || now == word(job, State::delivered);
  }
  /// Whether the result of `job` can be fetched.
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

/// How many jobs travel in one call at most. The slots and the room for results of a batch are used
/// again when it has been answered.
inline constexpr std::size_t kBatchSlots = 128;
/// How many batches a worker can have been sent at a time: one to work on, and the next.
inline constexpr std::size_t kBatches = 2;
inline constexpr std::size_t kJobSlots = kBatchSlots * kBatches;

/// The page's layout. Times are nanoseconds of CLOCK_MONOTONIC, which both processes share.
struct ControlPage {
  std::atomic<Phase> phase;
  /// The job that was begun last, 0 before the first. Stored before its arguments are read.
  std::atomic<std::uint64_t> job;
  /// When its function was entered; 0 while it has not been.
  std::atomic<std::int64_t> startedNanos;
  /// The job that should give up; written by the master only.
  std::atomic<std::uint64_t> cancelledJob;
  std::array<JobSlot, kJobSlots> slots;
  /// The element of its range that a job of a map is at, counted from 1; 0 when it is at none.
  std::atomic<std::uint64_t> element;
  /// When that element was begun; 0 where nobody limits the time of one. Stored before `element`,
  /// so that no element is ever seen with the start of the one before it.
  std::atomic<std::int64_t> elementStartedNanos;
  /// The element, counted from 1, that alone is meant by cancelledJob; 0: all of the job. Written
  /// by the master only, before cancelledJob.
  std::atomic<std::uint64_t> cancelledElement;
  /// The job for which memory was refused last, or one of those below; 0 while none was.
  std::atomic<std::uint64_t> refusedJob;
  /// How far jobs say they have come.
  ProgressBoard progress;
  /// Master: the signal that is about to end the worker, which may write where it is before. 0
  /// while there is none.
  std::atomic<std::int32_t> endSignal;
  /// Master, before the spawn: not 0 when SIGTERM from a stranger is to be ignored.
  std::atomic<std::uint32_t> leavesTerm;
  /// Worker, as it ends: one more than the number of a descriptor of its own that a job has closed
  /// or replaced; 0 while there is none.
  std::atomic<std::uint32_t> lostDescriptor;
};

/// Memory was refused while no job was under way, to code of the program's that runs beside them.
inline constexpr std::uint64_t kRefusedBetweenJobs = ~std::uint64_t{0};
/// Memory was refused to the message that was to bring the next job.
inline constexpr std::uint64_t kRefusedToMessage = kRefusedBetweenJobs - 1;
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// Where a slot's result lies in its batch's room, in words of 8 bytes. Valid once delivered.
struct ResultPlace {
  std::atomic<std::uint32_t> offset;
  std::atomic<std::uint32_t> words;
};

/// Room for results, written by the worker only: each a message of one segment with a JobResult at
/// its root. One that finds no room travels in a message instead.
struct ResultMemory {
  static constexpr std::size_t kBatchWords = 4096;

  std::array<ResultPlace, kJobSlots> places;
  std::array<std::array<std::uint64_t, kBatchWords>, kBatches> words;
};

/// Where a worker was when a signal came that ended it, as lines of text. The worker's signal
/// handler writes there, a piece at a time.
struct TraceMemory {
  static constexpr std::size_t kTextBytes = 8184;

  std::atomic<std::uint32_t> bytes;
  std::array<char, kTextBytes> text;
};

/// Now, as times on the page are told.
std::int64_t controlPageNanos();

/// Owns a mapping of a control page and, in the master until the worker has it, the memory file
/// behind it.
class ControlPageMapping {
 public:
  /// A new, sealed page with its room for results. Throws std::system_error, or std::bad_alloc when
  /// it cannot be mapped.
  static ControlPageMapping create();
  /// Maps the page that the master left at descriptor `fd` and closes the descriptor. Throws
  /// std::bad_alloc.
  static ControlPageMapping adopt(int fd);

  ControlPage& page() const;
  ResultMemory& results() const;
  TraceMemory& trace() const;
  /// The memory file to pass to the worker, close-on-exec; -1 when it is closed.
  int fd() const { return file_.get(); }
  /// Closes the file: the mapping needs none.
  void closeFile() { file_ = nullptr; }

 private:
  explicit ControlPageMapping(kj::AutoCloseFd file);

  kj::AutoCloseFd file_;
  detail::SharedMapping mapping_;
};

}  // namespace phial
