// How long it takes until another worker serves in the place of one that died.
//
// The clock starts when a signal was sent, or else when the pool saw the death, and stops when a
// replacement is ready. Deaths and replacements are matched in order. One that dies before it was
// ready leaves the vacancy open that it was to fill; where a spare was ready first, as when the
// pool recycles, there is no vacancy and no time.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/histogram.h>
#include <phial/master/pool_observer.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

namespace phial::inline v1::cli {

class RestartMeter final : public PoolObserver {
 public:
  /// Of a pool of so many workers. `clock` is borrowed.
  RestartMeter(const Clock& clock, std::size_t workers) : clock_(clock), workers_(workers) {}

  /// Notes that a worker has just been sent a signal that ends it. Workers that are not ready are
  /// not noted.
  void killed(std::uint64_t worker);

  void workerReady(const WorkerStatus& worker) override;
  void workerDied(const DeathCertificate& death) override;

  const Histogram& times() const { return times_; }
  /// Workers that have become ready in the place of others, or before them.
  std::uint64_t restarts() const { return ready_ > workers_ ? ready_ - workers_ : 0; }

 private:
  const Clock& clock_;
  const std::size_t workers_;
  std::uint64_t ready_ = 0;
  std::map<std::uint64_t, std::optional<TimePoint>> serving_;  // and when they were killed
  std::deque<TimePoint> vacancies_;
  Histogram times_;
};

}  // namespace phial::inline v1::cli
