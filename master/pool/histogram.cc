#include <phial/master/histogram.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

namespace phial::inline v1 {

// Below kSub each value has a bucket; above, the bits after the leading one choose it.
std::size_t Histogram::bucketOf(std::uint64_t nanoseconds) {
  if (nanoseconds < kSub) return nanoseconds;
  const unsigned top = static_cast<unsigned>(std::bit_width(nanoseconds)) - 1;
  if (top > kTopBit) return (kTopBit - kSubBits + 2) * kSub - 1;
  const std::size_t sub = (nanoseconds >> (top - kSubBits)) & (kSub - 1);
  return (top - kSubBits + 1) * kSub + sub;
}

std::uint64_t Histogram::middleOf(std::size_t bucket) {
  if (bucket < kSub) return bucket;
  const auto shift = static_cast<unsigned>(bucket / kSub - 1);
  const std::uint64_t low = (kSub + bucket % kSub) << shift;
  return low + (std::uint64_t{1} << shift) / 2;
}

void Histogram::add(Duration duration) {
  duration = std::max(duration, Duration::zero());
  const auto nanoseconds = static_cast<std::uint64_t>(duration.count());
  ++buckets_[bucketOf(nanoseconds)];
  ++count_;
  sum_ += nanoseconds;
  min_ = std::min(min_, duration);
  max_ = std::max(max_, duration);
}

Duration Histogram::mostOf(std::size_t bucket) {
  if (bucket < kSub) return Duration(bucket);
  if (bucket == (kTopBit - kSubBits + 2) * kSub - 1) return Duration::max();
  const auto shift = static_cast<unsigned>(bucket / kSub - 1);
  const std::uint64_t next = (kSub + bucket % kSub + 1) << shift;
  return Duration(static_cast<std::int64_t>(next - 1));
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> filled;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (buckets_[i] > 0) filled.push_back({mostOf(i), buckets_[i]});
  }
  return filled;
}

std::uint64_t Histogram::countUpTo(Duration limit) const {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < buckets_.size() && mostOf(i) <= limit; ++i) count += buckets_[i];
  return count;
}

Histogram& Histogram::operator+=(const Histogram& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  return *this;
}

Duration Histogram::mean() const {
  return count_ == 0 ? Duration::zero() : Duration(static_cast<std::int64_t>(sum_ / count_));
}

Duration Histogram::quantile(double q) const {
  if (!(q >= 0 && q <= 1)) throw std::invalid_argument("Histogram::quantile: q is not in 0..1");
  if (q == 0) return min();
  const auto rank = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_)));
  if (rank >= count_) return max();
  std::uint64_t seen = 0;
  std::size_t bucket = 0;
  while ((seen += buckets_[bucket]) < rank) ++bucket;
  return std::clamp(Duration(static_cast<std::int64_t>(middleOf(bucket))), min(), max());
}

}  // namespace phial::inline v1
