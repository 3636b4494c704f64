// How late the loop is: a timer that looks how late it comes itself.
//
// A gauge that is read every 15 s or so would miss what is short. So it shows the worst of the
// last ten to twenty seconds.
#pragma once

#include <phial/master/clock.h>

namespace phial::inline v1::detail {

class LoopLag {
 public:
  /// `clock` is borrowed.
  LoopLag(Clock& clock, Duration interval);
  ~LoopLag() { timer_.cancel(); }
  LoopLag(const LoopLag&) = delete;
  LoopLag& operator=(const LoopLag&) = delete;

  /// The worst of late; at least how late the next look is already.
  Duration worst() const;

 private:
  void schedule();
  void look();

  Clock& clock_;
  const Duration interval_;
  TimePoint due_{};
  TimePoint windowEnd_{};
  Duration inWindow_{};
  Duration inLastWindow_{};
  DelayedCall timer_;
};

}  // namespace phial::inline v1::detail
