#include "master/cli/time_histogram.h"

#include <algorithm>
#include <cmath>

namespace phial::cli {
namespace {

constexpr double kGrowth = 1.02;
constexpr double kLeastMs = 0.001;

}  // namespace

void TimeHistogram::add(Duration duration) {
  const double ms = std::chrono::duration<double, std::milli>(duration).count();
  const double position = std::log(std::max(ms, kLeastMs) / kLeastMs) / std::log(kGrowth);
  ++buckets_[std::min(static_cast<std::size_t>(position), buckets_.size() - 1)];
  ++count_;
  maxMs_ = std::max(maxMs_, ms);
}

double TimeHistogram::quantileMs(double quantile) const {
  const double wanted = quantile * static_cast<double>(count_);
  std::uint64_t passed = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    passed += buckets_[i];
    if (passed == 0 || static_cast<double>(passed) < wanted) continue;
    return std::min(maxMs_, kLeastMs * std::pow(kGrowth, static_cast<double>(i + 1)));
  }
  return 0;
}

}  // namespace phial::cli
