// How well the master's loop keeps its appointments while something else is measured.
#pragma once

#include <phial/master.h>

#include <chrono>

#include "tests/perf/common/samples.h"

namespace perf {

/// Beats every 5 ms at absolute times on a loop, from its construction to its end. When the loop
/// was held up, each beat that fell due meanwhile counts, with its own delay. Costs the loop 200
/// timers a second.
class Heartbeat {
 public:
  static constexpr phial::Duration kInterval = std::chrono::milliseconds(5);

  /// Borrows the reactor.
  explicit Heartbeat(phial::Reactor& reactor);
  ~Heartbeat() { call_.cancel(); }
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  /// The delays so far in milliseconds, of beats that are overdue now too.
  Samples delaysMs();

 private:
  void next();
  void take();

  phial::Reactor& reactor_;
  phial::TimePoint due_;
  phial::DelayedCall call_;
  Samples delaysMs_;
};

}  // namespace perf
