// How a worker process ended, and why.
//
// A pool writes one certificate for each worker that ends. The certificate is part of the errors of
// the jobs that the death concerned (errors.h), and goes to the log.
#pragma once

#include <phial/protocol/exit_status.h>
#include <phial/protocol/phase.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Why a worker ended. The first cause counts, whatever followed from it.
enum class DeathCause {
  crash,         ///< by itself: a signal (somebody else's SIGKILL too), exit() in a job
  memory,        ///< it ended for lack of memory: memory was refused to its job, or the kernel's
                 ///< out-of-memory killer ended it; to its job the same as a crash
  timeout,       ///< the pool ended it because its job ran longer than its timeout
  softTimeout,   ///< the pool ended it because its job did not give up at its soft timeout
  deadline,      ///< the pool ended it because its job's deadline had passed
  cancel,        ///< the pool ended it because its job was cancelled and did not give up
  recycle,       ///< it was replaced: because of recycleAfter, recycleAboveRssBytes or reload()
  shutdown,      ///< the pool stopped or shrank
  protocol,      ///< it sent what no worker sends, or closed its pipe and lived on
  startup,       ///< it did not get ready
  damaged,       ///< it ended itself because a job closed or replaced a descriptor that it needs
  unresponsive,  ///< the pool ended it: it did not take up a job that it was sent, or a signal had
                 ///< stopped it for long
  reaped,        ///< unknown: something else in this program waited for it and took its status
  killed,        ///< the program ended it by ProcessPool::killWorkers()
};

/// The cause as a word: "crash", "timeout", "soft timeout", ...
const char* causeName(DeathCause cause);

/// How a worker's process was made.
enum class WorkerOrigin {
  spawned,       ///< it was started as a program
  fromTemplate,  ///< it was forked from the pool's template: PoolOptions::warm
};

/// How one worker ended.
struct DeathCertificate {
  /// The pool's number for the worker: from 1, never used again.
  std::uint64_t worker = 0;
  /// The worker's process id; 0 when it could not be spawned at all. If the worker did not start
  /// because its template failed to prepare, the template's.
  pid_t pid = 0;
  WorkerOrigin origin = WorkerOrigin::spawned;
  ExitStatus status = StatusUnknown{};
  DeathCause cause = DeathCause::crash;
  /// What the worker was doing at the end.
  Phase phase = Phase::starting;

  /// The job that the worker had been given. 0 when it had none; function and label are empty then.
  std::uint64_t job = 0;
  /// Whether the worker had taken up this job; if not, the job was still on its way.
  enum class Begun { no, yes } begun = Begun::no;
  std::string function = {};
  std::string label = {};
  /// How far the job had come by its own reports, from 0 to 1; empty when it reported nothing.
  std::optional<double> progress = {};
  /// If the job was a chunk of a map or forEach: the element that it was at by its own account, as
  /// an index in the whole range.
  std::optional<std::uint64_t> element = {};

  /// How many jobs the worker had answered.
  std::uint64_t jobsServed = 0;
  /// The time from the spawn call to the end.
  std::chrono::nanoseconds uptime{0};
  ResourceUse resources = {};
  /// The last lines that the worker wrote to stderr, oldest first: at most 20 lines and at most 16
  /// KiB. A line longer than a kibibyte is cut.
  std::vector<std::string> stderrTail = {};
  /// If the last job wrote more lines than stderrTail holds: the first lines of this job, at most
  /// as many. The beginning of a sanitizer's report says what happened; its end is only the legend.
  /// If there is such a report, stderrHead begins with it, and not with earlier lines of the job.
  std::vector<std::string> stderrHead = {};
  /// How many lines lie between stderrHead and stderrTail.
  std::uint64_t stderrLeftOut = 0;
  /// Where the worker was when it crashed, or when its job's time was up: first what happened, then
  /// one function a line, innermost first. Empty when the worker could not tell, or another handler
  /// took the signal.
  std::vector<std::string> traceback = {};
  /// What else the pool knows, such as the protocol error; may be empty.
  std::string detail = {};

  /// Several lines for the program's own people: what happened, then the circumstances, then
  /// stderr.
  std::string describe() const;
  /// One line that a client of the program may see: what happened to which function. Contains no
  /// process id, no path and no output of the worker.
  std::string message() const;
  /// The first line of describe().
  std::string summary() const;
};

namespace detail {
/// describe() without what the worker printed and where it was: for a log that has had the lines.
std::string account(const DeathCertificate& death);
}  // namespace detail

}  // namespace phial::inline v1

#pragma GCC visibility pop
