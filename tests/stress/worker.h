// The matrix's worker: this program again, with a fault that may strike before its first job.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fuse.h"

namespace matrix {

/// What the master tells its workers by their command line.
struct WorkerPlan {
  std::string scratch;
  Fuse fuse;
  /// Which of the workers meet the fault at its start, by the order in which they start, from 1.
  std::vector<unsigned> struck = {};

  std::vector<std::string> command() const;
  /// Lets all workers started from here on be healthy.
  void relent() const;
};

/// Serves and exits if this process is a worker of the matrix; else returns.
void serveIfMatrixWorker(int argc, char** argv);

}  // namespace matrix
