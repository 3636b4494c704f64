#include <kj/common.h>
#include <phial/master/detail/deferred_link.h>
#include <phial/master/detail/held_reactor.h>
#include <phial/protocol/failure.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace phial::inline v1::detail {

namespace {

// Of this thread: whose Reactor is being dispatched, and whose turn is calling back.
constinit thread_local HeldReactor* dispatched = nullptr;
constinit thread_local HeldReactor* callingBack = nullptr;

}  // namespace

void HeldReactor::turn() noexcept {
  if (released_) return;
  const auto self = shared_from_this();
  if (inTurn_) return attempt([this] { pause(); });
  const TimePoint end(std::chrono::steady_clock::now() + kMost);
  lastOne_ = false;
  bool more = false;
  do {
    attempt([this] { dispatch(); });
    const bool called = callBack();
    attempt([&] { more = called && mayGoOn(end); });
  } while (more);
}

template <class F>
void HeldReactor::attempt(F f) noexcept {
  try {
    f();
  } catch (...) {
    reportUnhandled(Failure::current());
    release();
  }
}

// After stop(), a dispatch would begin another run of the Reactor.
void HeldReactor::dispatch() {
  if (!begun_ || reactor_.running()) {
    begun_ = true;
    inTurn_ = true;
    HeldReactor* const outer = std::exchange(dispatched, this);
    KJ_DEFER({
      dispatched = outer;
      inTurn_ = false;
    });
    reactor_.dispatch(kMost);
  }
  if (released_) return;
  if (reactor_.running()) return arm(reactor_.nextTimeout());
  const auto stopped = std::exchange(onStop_, nullptr);
  release();
  if (stopped) stopped();
}

bool HeldReactor::callAtEndOfTurn(const void* host, std::function<void()>& f) {
  HeldReactor* const held = dispatched;
  if (held == nullptr || held->host_ != host || held->lastOne_) return false;
  if (held->callback_) return held->lastOne_ = true, false;
  held->callback_ = std::exchange(f, nullptr);
  return true;
}

void HeldReactor::endTurn() noexcept {
  if (callingBack != nullptr) callingBack->lastOne_ = true;
}

// A nested loop inside the callback may take turns of its own.
bool HeldReactor::callBack() noexcept {
  if (!callback_) return false;
  const auto callback = std::exchange(callback_, nullptr);
  HeldReactor* const outer = std::exchange(callingBack, this);
  KJ_DEFER(callingBack = outer);
  try {
    callback();
  } catch (...) {
    reportUnhandled(Failure::current());
  }
  return true;
}

// The callbacks that were posted come before those of jobs that end later.
bool HeldReactor::mayGoOn(TimePoint end) const {
  return !released_ && !lastOne_ && reactor_.running() &&
         reactor_.nextTimeout() == Duration::zero() && std::chrono::steady_clock::now() < end;
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
