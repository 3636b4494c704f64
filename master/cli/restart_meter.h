// How long it takes until another worker serves in the place of one that died.
//
// The clock starts when a signal was sent, or when the worker was first missed, and stops when a
// worker that was not there before is first seen ready. Deaths and replacements are matched in
// order. It learns of them by looking at the pool's workers, so its grain is the time between two
// looks.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/pool_options.h>

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "master/cli/time_histogram.h"

namespace phial::cli {

class RestartMeter {
 public:
  /// Notes that a worker has just been sent a signal that ends it.
  void killed(std::uint64_t worker, TimePoint now);
  /// Notes who lives at `now`.
  void look(const std::vector<WorkerStatus>& workers, TimePoint now);

  const TimeHistogram& times() const { return times_; }

 private:
  enum class Stage { starting, ready, dying };

  Stage next(Stage before, const WorkerStatus& worker, TimePoint now);
  Stage end(Stage before, TimePoint since);
  void died(TimePoint since);
  void becameReady(TimePoint now);

  std::map<std::uint64_t, Stage> known_;
  std::deque<TimePoint> vacancies_;
  TimeHistogram times_;
};

}  // namespace phial::cli
