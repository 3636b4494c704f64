// Looks for answers without sleeping, for a short while after something was sent.
//
// To wake up a process that sleeps costs tens of microseconds, more than a short job. While a call
// of no delay is due, the loop asks the kernel what there is and does not wait; so the host's own
// events are served as ever.
#pragma once

#include <phial/master/reactor.h>

namespace phial::inline v1::detail {

class BusyPoll {
 public:
  /// For `time` after each begin(); not at all when that is zero. `reactor` is borrowed.
  BusyPoll(Reactor& reactor, Duration time) : reactor_(reactor), time_(time) {}
  ~BusyPoll() { end(); }
  BusyPoll(const BusyPoll&) = delete;
  BusyPoll& operator=(const BusyPoll&) = delete;

  Duration time() const { return time_; }
  void begin();
  void end() { next_.cancel(); }

 private:
  void turn();

  Reactor& reactor_;
  const Duration time_;
  TimePoint until_{};
  DelayedCall next_;
};

}  // namespace phial::inline v1::detail
