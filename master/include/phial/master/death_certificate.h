// How a worker process ended, and why.
//
// A pool writes one certificate for each worker that ends. It travels in the errors of the jobs
// that the death concerned (errors.h) and goes to the log.
#pragma once

#include <phial/master/exit_status.h>
#include <phial/protocol/control_page.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace phial {

/// Why a worker ended: the first cause wins, whatever followed from it.
enum class DeathCause {
  crash,        ///< by itself: a signal, exit() in a job
  memory,       ///< by itself, of a want of memory: refused to its job (Limits::addressSpaceBytes),
                ///< or the kernel's out-of-memory killer ended it; to its job the same as a crash
  timeout,      ///< the pool ended it because its job ran longer than its timeout
  softTimeout,  ///< the pool ended it because its job did not heed its soft timeout
  deadline,     ///< the pool ended it because its job's deadline had passed
  cancel,       ///< the pool ended it because its job was cancelled and did not give up
  recycle,      ///< it was replaced: its number of jobs, its memory, or reload()
  shutdown,     ///< the pool stopped or shrank
  protocol,     ///< it sent what no worker sends, or closed its pipe and lived on
  startup,      ///< it did not get ready
  damaged,      ///< by itself, because a job closed or replaced a descriptor that it needs
  unresponsive,  ///< it did not take up the job that it was sent, or was stopped by a signal for
                 ///< long
  reaped,        ///< unknown: something else in this program waited for it, and has its exit status
};

/// "crash", "timeout", ...
const char* causeName(DeathCause cause);

struct DeathCertificate {
  /// The pool's number for the worker, from 1, never used again.
  std::uint64_t worker = 0;
  /// 0 when it could not be spawned at all.
  pid_t pid = 0;
  ExitStatus status = StatusUnknown{};
  DeathCause cause = DeathCause::crash;
  /// What it was doing at the end.
  Phase phase = Phase::starting;

  /// The job it had been given, 0 when it had none; then function and label are empty.
  std::uint64_t job = 0;
  /// Whether it had taken that job up, or the job had only been on its way.
  enum class Begun { no, yes } begun = Begun::no;
  std::string function;
  std::string label;
  /// How far the job had come by its own account, from 0 to 1; empty when it gave none.
  std::optional<double> progress;
  /// In a chunk of a map or forEach: the index, in the whole range, of the element that it was at
  /// by its own account.
  std::optional<std::uint64_t> element;

  /// Jobs that it had answered.
  std::uint64_t jobsServed = 0;
  /// From the spawn call to the end.
  std::chrono::nanoseconds uptime{0};
  ResourceUse resources;
  /// The last lines that it wrote to stderr, oldest first: at most 20, and at most 16 KiB. Lines
  /// longer than a kibibyte are cut.
  std::vector<std::string> stderrTail;
  /// When its last job wrote more than those, the first lines of that job, at most as many: the
  /// beginning of a sanitizer's report says what happened, the end is its legend. Lines of such a
  /// report come before what the job had written earlier.
  std::vector<std::string> stderrHead;
  /// How many lines lie between stderrHead and stderrTail.
  std::uint64_t stderrLeftOut = 0;
  /// Where it was when it crashed, or when its job's time was up: what happened, then a function a
  /// line, innermost first. Empty when it could not say, or another handler took the signal.
  std::vector<std::string> traceback;
  /// What the pool knows beyond this, such as the protocol error; may be empty.
  std::string detail;

  /// Some lines for a person: what happened first, then the circumstances, then stderr.
  std::string describe() const;
  /// One line that a client of the program may see: what became of which function, without process
  /// ids, paths or output of the worker.
  std::string message() const;
  /// The first line of describe().
  std::string summary() const;
};

}  // namespace phial
