// Measured values and what is said about them.
#pragma once

#include <cstddef>
#include <vector>

namespace perf {

class Samples {
 public:
  void reserve(std::size_t count) { values_.reserve(count); }
  void add(double value) { values_.push_back(value); }
  void add(const Samples& more) {
    values_.insert(values_.end(), more.values_.begin(), more.values_.end());
  }
  bool empty() const { return values_.empty(); }
  std::size_t size() const { return values_.size(); }

  double median() const { return quantile(0.5); }
  double p99() const { return quantile(0.99); }
  double worst() const { return quantile(1); }

 private:
  /// The smallest value that at least `fraction` of all do not exceed (nearest rank, so that few
  /// samples show their worst rather than hide it). 0 when there is none.
  double quantile(double fraction) const;

  std::vector<double> values_;
};

}  // namespace perf
