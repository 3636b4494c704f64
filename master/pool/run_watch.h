// When the running times of one worker's jobs are to be looked at.
//
// Jobs of one batch run one after the other, and most end long before their time is up. So a worker
// has one timer for all of its jobs: it is set for the earliest look and is left alone when a job
// ends. It then fires for nothing, once, and is set for the earliest look that is left. Measured
// with a burst of 1,000,000 no-ops that have a timeout: a timer for each job costs 3 allocations
// and a fifth of the master's processor time more.
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/clock.h>

#include <boost/intrusive/list.hpp>
#include <cstdint>

namespace phial::inline v1::detail {

enum class RunLimit { soft, hard };

/// The next look at one limit of one job. It lies in the job's state and leaves its RunWatch by
/// itself when the state goes.
struct RunLook
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  explicit RunLook(RunLimit itsLimit) : limit(itsLimit) {}

  const RunLimit limit;
  std::uint64_t job = 0;
  Duration timeout{};
  TimePoint at{};

  /// No look is to come, until it is set again.
  void cancel() { unlink(); }
  bool active() const { return is_linked(); }
};

using RunLooks = boost::intrusive::list<RunLook, boost::intrusive::constant_time_size<false>>;

/// Of one worker. JobTimers is its only user.
struct RunWatch {
  RunWatch() = default;
  ~RunWatch() { timer.cancel(); }
  RunWatch(const RunWatch&) = delete;
  RunWatch& operator=(const RunWatch&) = delete;

  RunLooks looks;
  DelayedCall timer;
  TimePoint timerAt{};  // while the timer is active
};

}  // namespace phial::inline v1::detail
