// What workers report, for tests of the pool's decisions.
#pragma once

#include "master/worker/pool_worker.h"

namespace phial::detail {

inline constexpr Load kIdleLoad{.state = WorkerState::idle, .room = true};

/// Of a worker that holds so many jobs in one batch.
inline Load busyLoad(std::size_t held, Duration expected, bool room = true) {
  return {.state = WorkerState::busy,
          .held = held,
          .room = room,
          .expected = expected,
          .next = expected,
          .given = held};
}

}  // namespace phial::detail
