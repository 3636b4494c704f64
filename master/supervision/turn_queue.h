// Work that is done in slices: however much of it there is, one slice a turn of the loop.
#pragma once

#include <phial/master/reactor.h>

#include <deque>
#include <functional>
#include <utility>

namespace phial::detail {

/// First come, first served; who is not done comes again. Thread rule: the reactor's thread.
class TurnQueue {
 public:
  /// `reactor` is borrowed.
  explicit TurnQueue(Reactor& reactor) : reactor_(reactor) {}
  ~TurnQueue() { next_.cancel(); }
  TurnQueue(const TurnQueue&) = delete;
  TurnQueue& operator=(const TurnQueue&) = delete;

  /// Calls `slice` in a later turn, once, unless this is destroyed before. It may destroy this.
  void add(std::function<void()> slice) {
    slices_.push_back(std::move(slice));
    if (slices_.size() == 1) arm();
  }

 private:
  void arm() {
    next_ = reactor_.callLater(Duration::zero(), [this] { run(); });
  }
  void run() {
    const auto slice = std::move(slices_.front());
    slices_.pop_front();
    if (!slices_.empty()) arm();
    slice();
  }

  Reactor& reactor_;
  std::deque<std::function<void()>> slices_;
  DelayedCall next_;  // active while there are any
};

}  // namespace phial::detail
