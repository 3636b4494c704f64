// The distribution of any number of durations, in about 3 KiB. After Gil Tene's HdrHistogram.
//
// Each power of two of nanoseconds has eight buckets, so a quantile is off by at most a sixteenth
// of its value, from nanoseconds to 13 days.
#pragma once

#include <phial/master/clock.h>

#include <array>
#include <cstddef>
#include <cstdint>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// A value type: a copy is a snapshot.
class Histogram {
 public:
  /// Counts one duration. A negative duration counts as zero.
  void add(Duration duration);

  /// How many durations were counted.
  std::uint64_t count() const { return count_; }
  /// The shortest duration. min(), max(), mean() and quantile() are zero when nothing was counted.
  Duration min() const { return count_ == 0 ? Duration::zero() : min_; }
  Duration max() const { return max_; }
  Duration mean() const;
  /// The duration that the share `q` (0 to 1) of all durations did not exceed: 0.5 for the median,
  /// 0.99 for p99. Exact at 0 and 1. Throws std::invalid_argument for another q.
  Duration quantile(double q) const;

 private:
  static constexpr unsigned kSubBits = 3;
  static constexpr std::size_t kSub = std::size_t{1} << kSubBits;
  static constexpr unsigned kTopBit = 50;  // 13 days; longer durations count in the last bucket

  static std::size_t bucketOf(std::uint64_t nanoseconds);
  static std::uint64_t middleOf(std::size_t bucket);

  std::array<std::uint64_t, (kTopBit - kSubBits + 2) * kSub> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  Duration min_ = Duration::max();
  Duration max_{0};
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
