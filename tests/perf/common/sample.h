// What a measuring program tells the runner: one line of JSON for each sample.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace perf {

/// One run's result for one subject.
struct Sample {
  std::string_view workload;  ///< as the runner calls it: "burst"
  std::string_view subject;   ///< who did the work: "phial"
  double value;
  std::string_view unit;
  /// Secondary figures, named as a JSON key with its unit at the end: "heartbeatP99Ms".
  std::vector<std::pair<std::string, double>> also = {};
};

void print(const Sample& sample);

/// This build of Phial cannot do the work: the table says why, and it is no error.
void printUnavailable(std::string_view workload, std::string_view subject, std::string_view reason);

}  // namespace perf
