// A queue whose consumers wait with Deferreds. After Twisted's DeferredQueue.
#pragma once

#include <phial/master/detail/deferred_waitlist.h>

#include <cstddef>
#include <deque>
#include <limits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// DeferredQueue::put failed: `size` objects already wait for a consumer.
class QueueOverflow : public Error {
 public:
  QueueOverflow() : Error("the DeferredQueue is full") {}
};

/// DeferredQueue::get failed: `backlog` consumers already wait for an object.
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

/// First in, first out, for objects and for consumers. Destroying the queue fails the waiting
/// consumers with CancelledError and drops the objects.
template <class T>
class DeferredQueue {
 public:
  explicit DeferredQueue(DeferredQueueOptions options = {}) : options_(options) {}
  DeferredQueue(const DeferredQueue&) = delete;
  DeferredQueue& operator=(const DeferredQueue&) = delete;

  /// If a consumer waits, gives `object` to the first one; its callbacks run before put() returns.
  /// Otherwise keeps `object`. Throws QueueOverflow when the queue holds `size` objects.
  void put(T object) {
    if (!consumers_.empty()) return consumers_.next().callback(std::move(object));
    if (objects_.size() >= options_.size) throw QueueOverflow();
    objects_.push_back(std::move(object));
  }

  /// Returns the first object, now or when one is put. Fails with QueueUnderflow when `backlog`
  /// consumers already wait. Cancelling gives up the place in the line.
  Deferred<T> get() {
    if (objects_.empty()) {
      if (consumers_.size() >= options_.backlog) return fail<T>(QueueUnderflow());
      return consumers_.wait();
    }
    T first = std::move(objects_.front());
    objects_.pop_front();
    return succeed(std::move(first));
  }

  /// The number of objects that wait for a consumer.
  std::size_t size() const { return objects_.size(); }
  /// The number of consumers that wait for an object.
  std::size_t waiting() const { return consumers_.size(); }

 private:
  DeferredQueueOptions options_;
  std::deque<T> objects_;
  detail::WaitList<T> consumers_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
