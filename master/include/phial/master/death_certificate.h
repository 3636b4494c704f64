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
  reaped,       ///< unknown: something else in this program waited for it, and has its exit status
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
  /// The last lines that it wrote to stderr, oldest first; at most 20.
  std::vector<std::string> stderrTail;
  /// What the pool knows beyond this, such as the protocol error; may be empty.
  std::string detail;

  /// Some lines for a person: what happened first, then the circumstances, then stderr.
  std::string describe() const;
  /// The first line of describe().
  std::string summary() const;
};

}  // namespace phial
