// A queue whose consumers wait with Deferreds. After Twisted's DeferredQueue.
#pragma once

#include <phial/master/deferred_waitlist.h>

#include <cstddef>
#include <deque>
#include <limits>
#include <utility>

namespace phial {

/// DeferredQueue::put found `size` objects waiting for a consumer.
class QueueOverflow : public Error {
 public:
  QueueOverflow() : Error("the DeferredQueue is full") {}
};

/// DeferredQueue::get found `backlog` consumers waiting for an object.
class QueueUnderflow : public Error {
 public:
  QueueUnderflow() : Error("too many consumers wait for the DeferredQueue") {}
};

struct DeferredQueueOptions {
  /// How many objects may wait. Default: no limit.
  std::size_t size = std::numeric_limits<std::size_t>::max();
  /// How many consumers may wait. Default: no limit.
  std::size_t backlog = std::numeric_limits<std::size_t>::max();
};

/// First in, first out, for objects and for consumers. Destroying it fails the consumers that wait
/// with CancelledError.
template <class T>
class DeferredQueue {
 public:
  explicit DeferredQueue(DeferredQueueOptions options = {}) : options_(options) {}
  DeferredQueue(const DeferredQueue&) = delete;
  DeferredQueue& operator=(const DeferredQueue&) = delete;

  /// Gives `object` to the first consumer that waits, whose callbacks run before this returns, or
  /// keeps it. Throws QueueOverflow.
  void put(T object) {
    if (!consumers_.empty()) return consumers_.next().callback(std::move(object));
    if (objects_.size() >= options_.size) throw QueueOverflow();
    objects_.push_back(std::move(object));
  }

  /// The next object, now or when there is one; fails with QueueUnderflow. Cancelling leaves.
  Deferred<T> get() {
    if (objects_.empty()) {
      if (consumers_.size() >= options_.backlog) return fail<T>(QueueUnderflow());
      return consumers_.wait();
    }
    T first = std::move(objects_.front());
    objects_.pop_front();
    return succeed(std::move(first));
  }

  /// How many objects wait for a consumer.
  std::size_t size() const { return objects_.size(); }
  /// How many consumers wait for an object.
  std::size_t waiting() const { return consumers_.size(); }

 private:
  DeferredQueueOptions options_;
  std::deque<T> objects_;
  detail::WaitList<T> consumers_;
};

}  // namespace phial
