#include "master/reactor/loop_waits.h"

namespace phial::inline v1::detail {

void LoopWaits::open() {
  const std::scoped_lock lock(mutex_);
  stopped_ = false;
}

void LoopWaits::stop() {
  const std::scoped_lock lock(mutex_);
  stopped_ = true;
  for (Entry* entry : entries_) endOne(*entry);
}

void LoopWaits::end(const ThreadDoor& door) {
  const std::scoped_lock lock(mutex_);
  for (Entry* entry : entries_) {
    if (&entry->door == &door) endOne(*entry);
  }
}

void LoopWaits::endOne(Entry& entry) {
  const std::scoped_lock lock(entry.point.mutex);
  entry.over = true;
  entry.point.changed.notify_all();
}

// The door is asked with the lock held: it is marked as ended before end() takes the lock.
bool LoopWaits::enter(Entry& entry) {
  const std::scoped_lock lock(mutex_);
  if (stopped_ || entry.door.ended()) return false;
  entries_.insert(&entry);
  return true;
}

void LoopWaits::leave(Entry& entry) {
  const std::scoped_lock lock(mutex_);
  entries_.erase(&entry);
}

WaitEnd LoopWaits::wait(const ThreadDoor& door, WaitPoint& point,
                        std::optional<TimePoint> deadline) {
  Entry entry{door, point};
  const bool entered = enter(entry);
  WaitEnd end = WaitEnd::stopped;
  {
    std::unique_lock lock(point.mutex);
    const auto over = [&] { return point.settled || entry.over || !entered; };
    if (deadline) {
      if (!point.changed.wait_until(lock, *deadline, over)) end = WaitEnd::timedOut;
    } else {
      point.changed.wait(lock, over);
    }
    if (point.settled) end = WaitEnd::settled;
  }
  if (entered) leave(entry);
  return end;
}

}  // namespace phial::inline v1::detail
