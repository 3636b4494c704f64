// The delayed calls of a Reactor: an ordered map, a timerfd for the earliest, and a libevent timer
// of zero length for what is due already.
//
// Not libevent's own timers, because their clock depends on how the host made its event_base: by
// default the coarse one, 4 ms off, and cached since the turn began. The timerfd is armed in the
// steady clock's absolute time and never disarmed: a call that was cancelled costs at most one
// empty wake-up, so that a timeout which is set and cancelled for every job costs no system call.
#pragma once

#include <phial/master/clock.h>

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "master/reactor/call_guard.h"
#include "master/reactor/event.h"
#include "master/reactor/file_descriptor.h"
#include "master/reactor/loop_bell.h"

namespace phial::inline v1::detail {

class Timers {
 public:
  Timers(event_base& base, CallGuard& guard, LoopBell& bell);
  ~Timers();
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  static TimePoint now() { return std::chrono::steady_clock::now(); }
  DelayedCall add(Duration delay, std::function<void()> f);
  /// Drops the calls that are waiting, with all that they hold.
  void close();

 private:
  class Call;
  // The second part grows with each call added or moved: first in, first out among equal times.
  using Key = std::pair<TimePoint, std::uint64_t>;

  void insert(std::shared_ptr<Call> call, TimePoint when);
  std::shared_ptr<Call> take(const Key& key);
  void onTimerFd();
  void onDue();
  void runDue();
  void arm();

  CallGuard& guard_;
  LoopBell& bell_;
  std::map<Key, std::shared_ptr<Call>> calls_;
  std::uint64_t nextOrder_ = 0;
  FileDescriptor timerFd_;
  EventPtr timerFdEvent_;
  EventPtr dueEvent_;
  TimePoint armedFor_ = TimePoint::max();
  bool duePending_ = false;
};

}  // namespace phial::inline v1::detail
