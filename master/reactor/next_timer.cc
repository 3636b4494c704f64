#include "master/reactor/next_timer.h"

#include <event2/event_struct.h>
#include <phial/protocol/saturating_time.h>
#include <time.h>

#include <algorithm>

namespace phial::inline v1::detail {
namespace {

// The high bits of tv_usec hold the number of a common timeout (event_base_init_common_timeout).
constexpr long kMicroseconds = 0x000fffff;

Duration sinceBoot(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) +
         std::chrono::microseconds(time.tv_usec & kMicroseconds);
}

// The clock by which libevent compares, unless the base is a precise one: 4 ms late at most.
Duration coarseNow() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// event_pending() gives the time by the wall clock, which may jump.
int lookAt(const event_base*, const event* e, void* earliest) {
  if ((e->ev_evcallback.evcb_flags & EVLIST_TIMEOUT) == 0) return 0;
  auto& first = *static_cast<std::optional<Duration>*>(earliest);
  const Duration due = sinceBoot(e->ev_timeout);
  first = first ? std::min(*first, due) : due;
  return 0;
}

}  // namespace

std::optional<Duration> nextTimer(event_base& base) {
  if (event_base_get_num_events(&base, EVENT_BASE_COUNT_ACTIVE) > 0) return Duration::zero();
  std::optional<Duration> first;
  event_base_foreach_event(&base, lookAt, &first);
  if (first) first = std::max(saturatingSubtract(*first, coarseNow()), Duration::zero());
  return first;
}

}  // namespace phial::inline v1::detail
