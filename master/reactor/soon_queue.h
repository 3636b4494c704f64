// Calls to make after the current callback, in the same turn of the loop (Reactor::callSoon).
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "master/reactor/call_guard.h"
#include "master/reactor/event.h"
#include "master/reactor/loop_bell.h"

namespace phial::inline v1::detail {

class SoonQueue {
 public:
  SoonQueue(event_base& base, CallGuard& guard, LoopBell& bell)
      : guard_(guard), bell_(bell), event_(makeEvent<&SoonQueue::drain>(base, -1, 0, this)) {}

  void add(std::function<void()> f) {
    calls_.push_back(std::move(f));
    // An event activated from a callback joins the end of the turn's list.
    if (calls_.size() > 1) return;
    event_active(event_.get(), EV_TIMEOUT, 0);
    bell_.noteDue();
  }

  /// Drops what has not been called.
  void close() { const auto dropped = std::exchange(calls_, {}); }

 private:
  void drain() {
    const auto calls = std::exchange(calls_, {});
    for (const auto& f : calls) guard_.call(f);
  }

  CallGuard& guard_;
  LoopBell& bell_;
  std::vector<std::function<void()>> calls_;
  EventPtr event_;
};

}  // namespace phial::inline v1::detail
