// The load of the workload `workers`: jobs that sleep. They stand for work on cores that this
// machine does not have, so that two cores are enough to measure a thousand workers.
//
// A program parses a SleepLoad, makes sure of its descriptors, starts its workers and lets them run
// some jobs. Then it measures:
//
//   const perf::SleepLoad load = perf::parseSleepLoad(argc, argv, "phial_perf_x", "Measures x.");
//   if (!perf::haveDescriptors("x", load, 2 * load.workers)) return 0;
//   ...  // start and warm up
//   const perf::LoadMeter meter(load);
//   ...  // run load.jobs, each of which sleeps for load.job
//   meter.print("x");
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "tests/perf/common/stopwatch.h"

namespace perf {

struct SleepLoad {
  std::size_t workers = 64;
  std::size_t jobs = 6400;
  std::chrono::milliseconds job{10};  ///< how long each one sleeps
};

/// Reads --workers, --jobs and --job-ms, or ends the program as parseOrExit() does.
SleepLoad parseSleepLoad(int argc, char** argv, const std::string& program,
                         const std::string& description);

/// Whether this process may have so many descriptors, and some for everything else. Raises the soft
/// limit to the hard one if that is needed. If the hard limit is too low, prints a sample for
/// `contestant` that says so, and the caller has nothing to measure.
bool haveDescriptors(std::string_view contestant, const SleepLoad& load, std::size_t needed);

/// Measures from its construction to print(). REQUIRES: all workers are ready before.
class LoadMeter {
 public:
  explicit LoadMeter(const SleepLoad& load);

  /// To be called when the last result is there. Prints the share that the jobs had of the time: 1
  /// if each worker slept all the time. Beside it is the processor time of this process, the
  /// master, for each job.
  void print(std::string_view contestant) const;

 private:
  SleepLoad load_;
  double processorSecondsBefore_;
  Stopwatch stopwatch_;
};

}  // namespace perf
