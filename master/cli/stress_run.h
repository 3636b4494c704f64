// One stress run: a pool, its workload, what kills its workers, and what watches all that.
//
// Bounded in every way: jobs in flight, points of the series, and time, for a pool that comes to a
// standstill is given up on and reported.
#pragma once

#include <phial/master/process_pool.h>
#include <phial/master/tasks.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "master/cli/killer.h"
#include "master/cli/progress_display.h"
#include "master/cli/report.h"
#include "master/cli/restart_meter.h"
#include "master/cli/stress_options.h"
#include "master/cli/stress_watch.h"
#include "master/cli/workload.h"

namespace phial::inline v1::cli {

class StressRun {
 public:
  /// Borrows both.
  StressRun(Reactor& reactor, const StressOptions& options);
  ~StressRun();
  StressRun(const StressRun&) = delete;
  StressRun& operator=(const StressRun&) = delete;

  /// Fires when the pool has stopped. Fails when its workers cannot be started or, in a foreign
  /// worker, the function cannot be called at all. REQUIRES: called once.
  Deferred<void> run();
  /// Ends the run in order; a second time, at once.
  void interrupt();
  /// Something went wrong that no job reports.
  void trouble(const Failure& failure);

  /// Writes what the run knows into a report: all but the footprint before and after. REQUIRES:
  /// run() has fired.
  void reportTo(Report& report) const;

 private:
  Deferred<void> prepare();
  void begin();
  void end(Report::End how);
  Deferred<void> stop();
  void tick();
  void watchTime();
  void watchProgress();
  double seconds() const;
  Progress progress() const;
  void sample();

  Reactor& reactor_;
  const StressOptions& options_;
  std::unique_ptr<ProcessPool> pool_;
  Workload workload_;
  Killer killer_;
  std::shared_ptr<RestartMeter> meter_;
  Observation observation_;
  StressWatch watch_;
  LoopingCall ticks_;
  ProgressDisplay display_;
  Series series_;
  PoolStats stats_;  // the pool's last
  TimePoint begun_{};
  double took_ = 0;
  std::optional<Report::End> end_;
  bool interrupted_ = false;
  NewDeferred<void> over_ = newDeferred<void>();
  TimePoint nextDisplay_{};
  TimePoint nextSample_{};
  struct {
    TimePoint at{};
    std::uint64_t jobs = 0;
  } lastSettlement_;
  std::vector<std::string> troubles_;
};

}  // namespace phial::inline v1::cli
