// How well an event loop keeps its appointments.
#pragma once

#include <phial/master.h>

#include <chrono>
#include <cstddef>
#include <vector>

namespace examples {

/// Asks the loop for a call every 5 ms and notes how late each one comes.
class Heartbeat {
 public:
  explicit Heartbeat(phial::Clock& clock) : clock_(clock), due_(clock.now()) { next(); }
  ~Heartbeat() { call_.cancel(); }
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  struct Delays {
    double medianMs;
    double worstMs;
  };
  /// The delays until now, that of a beat that is due included.
  Delays delays() const;
  /// How many beats there were.
  std::size_t beats() const { return late_.size(); }

 private:
  void next();
  void beat();

  phial::Clock& clock_;
  phial::TimePoint due_;
  std::vector<double> late_;  // milliseconds
  phial::DelayedCall call_;
};

}  // namespace examples
