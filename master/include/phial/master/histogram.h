// How durations are spread, in a few kilobytes, whatever their number.
//
// Buckets grow with what they count, eight to each power of two, so that a quantile is off by at
// most a sixteenth of itself, from nanoseconds to days. After Gil Tene's HdrHistogram.
#pragma once

#include <phial/master/clock.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace phial {

/// A value; copying it takes a snapshot.
class Histogram {
 public:
  /// Counts one duration. A negative one counts as zero.
  void add(Duration duration);

  std::uint64_t count() const { return count_; }
  /// Zero, like those below, when nothing was counted.
  Duration min() const { return count_ == 0 ? Duration::zero() : min_; }
  Duration max() const { return max_; }
  Duration mean() const;
  /// The duration that the part `q` (0 to 1) of all did not exceed: 0.5 for the median, 0.99 for
  /// p99. Exact at 0 and 1. Throws std::invalid_argument for another q.
  Duration quantile(double q) const;

 private:
  static constexpr unsigned kSubBits = 3;
  static constexpr std::size_t kSub = std::size_t{1} << kSubBits;
  static constexpr unsigned kTopBit = 50;  // 13 days; what is longer counts with it

  static std::size_t bucketOf(std::uint64_t nanoseconds);
  static std::uint64_t middleOf(std::size_t bucket);

  std::array<std::uint64_t, (kTopBit - kSubBits + 2) * kSub> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  Duration min_ = Duration::max();
  Duration max_{0};
};

}  // namespace phial
