// What must become of a worker that meets a fault, and of the job that took it there: the cells of
// the matrix.
#pragma once

#include <phial/protocol/control_page.h>

#include <string>
#include <vector>

#include "fuse.h"

namespace matrix {

struct Expectation {
  /// What becomes of the job that carries the fault.
  enum class Job {
    none,           ///< no job does
    succeeds,       ///< it has ended before the fault strikes
    workerDied,     ///< WorkerDied
    timedOut,       ///< JobTimedOut
    protocolError,  ///< ProtocolError
  };

  Job job = Job::workerDied;
  /// The causes that the certificate may have, by causeName().
  std::vector<std::string> causes = {"crash"};
  phial::Phase phase = phial::Phase::running;
  /// The ways in which the process may end, in the words of describe(ExitStatus).
  std::vector<std::string> endings;
  /// Whether the worker then hangs, so that only time ends it.
  bool hangs = false;
  /// What is worth knowing about this cell; printed below the table.
  std::string note = {};
  /// Why there is no such cell; empty for one that there is.
  std::string absent = {};
};

Expectation expectationOf(Stage stage, phial::cli::Fault fault);

}  // namespace matrix
