// Many jobs that do nothing, asked for as fast as a program with a loop may.
#pragma once

#include <phial/master.h>

#include <cstddef>

#include "tests/perf/common/samples.h"

namespace perf {

/// The job that does nothing.
void noOp();

struct Burst {
  std::size_t jobs = 0;
  double seconds = 0;    // from the first submission to the last result
  Samples submissionUs;  // one for each call

  double jobsPerSecond() const { return static_cast<double>(jobs) / seconds; }
};

/// Submits `jobs` of them, about 1 ms of submissions in each turn of the loop, and fires when all
/// have succeeded. Fails with the first failure. Borrows both until then.
phial::Deferred<Burst> runBurst(phial::Reactor& reactor, phial::ProcessPool& pool,
                                std::size_t jobs);

}  // namespace perf
