#include "master/worker/take_up_watch.h"

#include <utility>

namespace phial::inline v1::detail {

void TakeUpWatch::waitFor(Duration delay, Progress seen) {
  last_ = seen;
  timer_ = clock_.callLater(delay, onDue_);
}

bool TakeUpWatch::inTime(TimePoint sentAt, Progress seen) {
  const Duration age = clock_.now() - sentAt;
  if (age >= patience_) return false;
  waitFor(patience_ - age, seen);
  return true;
}

TakeUpWatch::Finding TakeUpWatch::look(State state, Progress seen) {
  const bool moving = seen != last_;
  if (state == State::waiting && !moving) return Finding::notTakenUp;
  waitFor(patience_, seen);
  if (state == State::waiting) return Finding::nothing;
  const bool before = std::exchange(wasStopped_, state == State::atWorkAndStopped);
  if (!wasStopped_) return Finding::nothing;
  return before ? Finding::stillStopped : Finding::stopped;
}

}  // namespace phial::inline v1::detail
