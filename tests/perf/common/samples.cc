#include "tests/perf/common/samples.h"

#include <algorithm>
#include <cmath>

namespace perf {

double Samples::quantile(double fraction) const {
  if (values_.empty()) return 0;
  auto sorted = values_;
  const auto rank = static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(size())));
  const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(sorted.begin(), at, sorted.end());
  return *at;
}

}  // namespace perf
