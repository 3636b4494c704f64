#include <phial/master/detail/chunk_size.h>

#include <algorithm>

namespace phial::inline v1::detail {
namespace {

// Follows what is measured, half way at each step, upwards at once where `quick`.
enum class Rise { quick, smooth };
double followed(double old, double measured, Rise rise) {
  if (old == 0 || (rise == Rise::quick && measured > old)) return measured;
  return (old + measured) / 2;
}

// Of a quotient that may be beyond all counts.
std::size_t toCount(double quotient) {
  constexpr double kMany = 1e15;
  return quotient < 1 ? 1 : static_cast<std::size_t>(std::min(quotient, kMany));
}

}  // namespace

void ChunkSize::finished(std::size_t elements, Duration time, std::uint64_t bytes) {
  const auto count = static_cast<double>(elements);
  const auto nanos = static_cast<double>(std::max<std::int64_t>(time.count(), 1));
  largest_ = std::max(largest_, elements);
  elementNanos_ = followed(elementNanos_, nanos / count, Rise::smooth);
  elementBytes_ = followed(elementBytes_, static_cast<double>(bytes) / count, Rise::quick);
}

void ChunkSize::tooLarge(std::size_t elements) { ceiling_ = std::min(ceiling_, elements / 2); }

std::size_t ChunkSize::next(std::optional<std::size_t> left, std::size_t workers) const {
  if (fixed_ > 0) return std::min(fixed_, ceiling_);
  if (largest_ == 0) return 1;
  std::size_t size = std::min({lastingFor(kTarget), kGrowth * largest_, ceiling_});
  if (elementBytes_ > 0) {
    size = std::min(size, toCount(static_cast<double>(maxBytes_) / elementBytes_));
  }
  if (left) size = std::min(size, std::max(*left / (2 * workers), lastingFor(kLeast)));
  return std::max<std::size_t>(size, 1);
}

std::size_t ChunkSize::lastingFor(Duration time) const {
  return toCount(static_cast<double>(time.count()) / elementNanos_);
}

}  // namespace phial::inline v1::detail
