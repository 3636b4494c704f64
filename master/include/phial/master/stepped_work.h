// Work for one job that would hold the loop up, in steps: the reading of a large result, the
// writing of large arguments. Part of job.h; nothing here is for users.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>

namespace phial::detail {

/// Thread rule: one thread at a time, but for stop().
class SteppedWork {
 public:
  /// Who is to call step(): the side thread; or the loop, a step a turn, since the work runs code
  /// of the program's, which expects that thread.
  enum class Where { beside, onLoop };

  virtual ~SteppedWork() = default;

  virtual Where where() const { return Where::beside; }

  /// Works on for a slice of time. True when there is no more to do: all is done, it has failed, or
  /// it was stopped. Does not throw.
  bool step() {
    const auto until = Clock::now() + kSlice;
    while (!stopped_ && !goOn()) {
      if (Clock::now() >= until) return false;
    }
    return true;
  }

  /// Nobody wants it any more.
  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }

 protected:
  /// Does a piece, which takes about 0.1 ms at most. True: that was the last.
  virtual bool goOn() = 0;

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr auto kSlice = std::chrono::microseconds(300);

  std::atomic<bool> stopped_ = false;
};

}  // namespace phial::detail
