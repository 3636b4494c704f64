#include <phial/master/detail/deferred_link.h>
#include <phial/master/detail/held_reactor.h>
#include <phial/protocol/failure.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace phial::inline v1::detail {

void HeldReactor::turn() noexcept {
  if (released_) return;
  const auto self = shared_from_this();
  try {
    if (inTurn_) return pause();
    dispatch();
  } catch (...) {
    inTurn_ = false;
    reportUnhandled(Failure::current());
    release();
  }
}

// After stop(), a dispatch would begin another run of the Reactor.
void HeldReactor::dispatch() {
  if (!begun_ || reactor_.running()) {
    begun_ = true;
    inTurn_ = true;
    reactor_.dispatch(kMost);
    inTurn_ = false;
    if (released_) return;
  }
  if (reactor_.running()) return arm(reactor_.nextTimeout());
  const auto stopped = std::exchange(onStop_, nullptr);
  release();
  if (stopped) stopped();
}

void HeldReactor::release() noexcept {
  if (std::exchange(released_, true)) return;
  disarm();
  onStop_ = nullptr;
}

std::chrono::milliseconds millisecondsUpTo(Duration timeout) {
  using Milliseconds = std::chrono::milliseconds;
  // What takes an int of them; a loop that wakes up once in so many days loses nothing.
  constexpr Milliseconds kLongest(std::numeric_limits<int>::max() / 2);
  if (timeout >= kLongest) return kLongest;
  return std::max(std::chrono::ceil<Milliseconds>(timeout), Milliseconds::zero());
}

}  // namespace phial::inline v1::detail
