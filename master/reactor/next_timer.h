// When an event_base has something to do that its epoll descriptor does not show.
#pragma once

#include <event2/event.h>
#include <phial/master/clock.h>

#include <optional>

namespace phial::inline v1::detail {

/// Zero when an event is active or a timer of libevent's is due; the time until the next such
/// timer; nothing when there is none. Takes a step for each event of `base`.
std::optional<Duration> nextTimer(event_base& base);

}  // namespace phial::inline v1::detail
