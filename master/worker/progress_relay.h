// Brings what jobs report of their progress from the control page to the pool.
//
// A worker rings a bell when a report lies on its page and the bell was clear. The relay reads the
// page at most every kInterval, and does not clear the bell before: until then the worker has no
// reason to ring again. A report that is replaced meanwhile is never seen. The last report of a job
// comes with the job's result, and is told before it.
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/clock.h>
#include <phial/protocol/progress_board.h>

#include <functional>
#include <optional>
#include <utility>

#include "master/worker/in_flight.h"
#include "master/worker/pool_worker.h"
#include "master/worker/worker_page.h"

namespace phial::inline v1::detail {

class ProgressRelay {
 public:
  /// Between two reports of one worker: a person sees no more, and each report costs both sides a
  /// wake-up.
  static constexpr Duration kInterval = std::chrono::milliseconds(50);

  /// When a report is to be read: `atOnce` means from the loop, outside KJ, and is for the caller
  /// to see to; `later` is seen to.
  enum class When { atOnce, later };

  /// All are borrowed. `read` is called from `clock` when a report that had to wait is due.
  ProgressRelay(Clock& clock, InFlight& jobs, PoolWorker::Owner& owner, std::function<void()> read)
      : clock_(clock), jobs_(jobs), owner_(owner), read_(std::move(read)) {}
  ~ProgressRelay() { stop(); }
  ProgressRelay(const ProgressRelay&) = delete;
  ProgressRelay& operator=(const ProgressRelay&) = delete;

  /// The worker has rung.
  When onBell();
  /// Reads the page, and tells what is new there.
  void read(WorkerPage& page);
  /// Tells a report of the job at `place`, unless it is not newer than the last one told.
  void tell(InFlight::Place place, const ProgressReport& report);
  void stop() { timer_.cancel(); }

 private:
  Clock& clock_;
  InFlight& jobs_;
  PoolWorker::Owner& owner_;
  const std::function<void()> read_;
  bool heard_ = false;  // the bell, and it is not cleared
  std::optional<TimePoint> readAt_;
  DelayedCall timer_;
};

}  // namespace phial::inline v1::detail
