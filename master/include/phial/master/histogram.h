// The distribution of any number of durations, in about 3 KiB. After Gil Tene's HdrHistogram.
//
// Each power of two of nanoseconds has eight buckets, so a quantile is off by at most a sixteenth
// of its value, from nanoseconds to 13 days.
#pragma once

#include <phial/master/clock.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

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
  /// The sum of all durations, exact up to 292 years.
  Duration sum() const { return Duration(static_cast<std::int64_t>(sum_)); }
  /// The duration that the share `q` (0 to 1) of all durations did not exceed: 0.5 for the median,
  /// 0.99 for p99. Exact at 0 and 1. Throws std::invalid_argument for another q.
  Duration quantile(double q) const;

  /// The durations that were counted in one bucket.
  struct Bucket {
    Duration most{};  ///< the longest duration that the bucket takes; Duration::max() in the last
    std::uint64_t count = 0;

    bool operator==(const Bucket&) const = default;
  };
  /// The buckets in which something was counted, the shortest durations first. Their counts add up
  /// to count().
  std::vector<Bucket> buckets() const;
  /// How many durations were at most `limit`. Exact when `limit` is the `most` of a bucket, such as
  /// a power of two of nanoseconds, less one; otherwise the bucket that holds `limit` is left out.
  std::uint64_t countUpTo(Duration limit) const;

  /// Counts all that `other` has counted.
  Histogram& operator+=(const Histogram& other);

 private:
  static constexpr unsigned kSubBits = 3;
  static constexpr std::size_t kSub = std::size_t{1} << kSubBits;
  static constexpr unsigned kTopBit = 50;  // 13 days; longer durations count in the last bucket

  static std::size_t bucketOf(std::uint64_t nanoseconds);
  static std::uint64_t middleOf(std::size_t bucket);
  static Duration mostOf(std::size_t bucket);

  std::array<std::uint64_t, (kTopBit - kSubBits + 2) * kSub> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  Duration min_ = Duration::max();
  Duration max_{0};
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
