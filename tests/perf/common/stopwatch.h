// Time since a moment, in the unit that a figure is told in.
#pragma once

#include <chrono>

namespace perf {

class Stopwatch {
 public:
  double seconds() const { return since<std::ratio<1>>(); }
  double milliseconds() const { return since<std::milli>(); }
  double microseconds() const { return since<std::micro>(); }

 private:
  using Clock = std::chrono::steady_clock;

  template <class Ratio>
  double since() const {
    return std::chrono::duration<double, Ratio>(Clock::now() - begin_).count();
  }

  Clock::time_point begin_ = Clock::now();
};

}  // namespace perf
