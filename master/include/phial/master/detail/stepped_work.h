// Work for one job that would hold up the loop, done in steps: reading a large result, writing
// large arguments. Part of job.h; nothing here is for users.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// Thread rule: one thread at a time; stop() may be called from any thread.
class SteppedWork {
 public:
  /// Where step() runs: `beside` on the side thread; `onLoop` on the loop, one step a turn, because
  /// the work runs the program's own code, which expects the loop's thread.
  enum class Where { beside, onLoop };

  virtual ~SteppedWork() = default;

  virtual Where where() const { return Where::beside; }

  /// Works for a slice of time (0.3 ms). Returns true when there is nothing left to do: the work is
  /// complete, has failed, or was stopped. Does not throw.
  bool step() {
    const auto until = Clock::now() + kSlice;
    while (!stopped_ && !goOn()) {
      if (Clock::now() >= until) return false;
    }
    return true;
  }

  /// Ends the work: nobody wants its result any more.
  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }

 protected:
  /// Does one piece, which takes about 0.1 ms at most. Returns true after the last piece.
  virtual bool goOn() = 0;

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr auto kSlice = std::chrono::microseconds(300);

  std::atomic<bool> stopped_ = false;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
