// Quantiles of any number of durations in a fixed amount of memory.
//
// Each bucket is 2 % wider than the one before, from a microsecond to hours, so a quantile is right
// to 2 %.
#pragma once

#include <phial/master/clock.h>

#include <array>
#include <cstdint>

namespace phial::cli {

class TimeHistogram {
 public:
  void add(Duration duration);

  std::uint64_t count() const { return count_; }
  /// The duration, in milliseconds, that the fraction `quantile` of all do not exceed; 0 when there
  /// is none.
  double quantileMs(double quantile) const;
  double maxMs() const { return maxMs_; }

 private:
  std::array<std::uint64_t, 1200> buckets_{};
  std::uint64_t count_ = 0;
  double maxMs_ = 0;
};

}  // namespace phial::cli
