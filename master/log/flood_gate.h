// Lets a few of many similar records pass, and counts the others.
#pragma once

#include <phial/master/clock.h>

#include <chrono>
#include <cstdint>
#include <utility>

namespace phial::inline v1::detail {

/// Thread rule: one thread at a time.
class FloodGate {
 public:
  /// So many pass in a period. Enough to see what happens, few enough to read.
  static constexpr unsigned kMost = 20;
  static constexpr Duration kPeriod = std::chrono::seconds(1);

  /// Whether a record of the moment `now` is to be written; otherwise it is counted.
  bool admit(TimePoint now) {
    if (passed_ == 0 || now - began_ >= kPeriod) {
      began_ = now;
      passed_ = 0;
    }
    if (passed_ < kMost) {
      ++passed_;
      return true;
    }
    ++heldBack_;
    return false;
  }

  std::uint64_t heldBack() const { return heldBack_; }
  /// How many were counted since the last call.
  std::uint64_t takeHeldBack() { return std::exchange(heldBack_, 0); }

 private:
  TimePoint began_{};
  unsigned passed_ = 0;
  std::uint64_t heldBack_ = 0;
};

}  // namespace phial::inline v1::detail
