// Waiting for the next message without sleeping, as long as that has been worth it.
#pragma once

#include <phial/protocol/control_page.h>
#include <phial/protocol/saturating_time.h>
#include <sched.h>

#include <algorithm>
#include <cstdint>

namespace phial::inline v1::detail {

/// Each time that nothing came it tries half as long, and twice as long when something did.
class BusyWait {
 public:
  /// At most so long at a time; not at all when that is 0.
  explicit BusyWait(std::int64_t mostNanos = 0) : most_(mostNanos), time_(mostNanos) {}

  /// How long it would try now.
  std::int64_t nanos() const { return time_; }

  /// Calls `poll` until it returns true, or time is up. Returns whether it did.
  template <class Poll>
  bool wait(Poll poll) {
    if (most_ <= 0) return false;
    const std::int64_t end =
        saturatingAdd(Nanoseconds(controlPageNanos()), Nanoseconds(time_)).count();
    bool found = poll();
    while (!found && controlPageNanos() < end) {
      sched_yield();  // to whoever has something to do with this core
      found = poll();
    }
    time_ = found ? std::min(saturatingMultiply(Nanoseconds(time_), 2).count(), most_)
                  : std::max(time_ / 2, most_ / kLeastPart);
    return found;
  }

 private:
  // So that it notices when the next message comes quickly again.
  static constexpr std::int64_t kLeastPart = 16;

  std::int64_t most_;
  std::int64_t time_;
};

}  // namespace phial::inline v1::detail
