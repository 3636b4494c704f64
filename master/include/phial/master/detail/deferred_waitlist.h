// A queue of waiting Deferreds, each of which leaves the queue when it is cancelled. For
// DeferredQueue; not meant to be used directly.
#pragma once

#include <phial/master/deferred.h>

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

template <class T>
class WaitList {
 public:
  WaitList() = default;
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;
  /// Fails every waiting Deferred with CancelledError.
  ~WaitList() {
    auto waiting = std::exchange(waiting_, nullptr);  // callbacks may look
    while (!waiting->empty()) {
      Resolver<T> first = std::move(waiting->front());
      waiting->pop_front();
      first.errback(CancelledError("what was waited for has been destroyed"));
    }
  }

  bool empty() const { return !waiting_ || waiting_->empty(); }
  std::size_t size() const { return waiting_ ? waiting_->size() : 0; }

  /// Adds a Deferred at the end. Cancelling it leaves the queue. Fails while the queue is being
  /// destroyed.
  Deferred<T> wait() {
    if (!waiting_) return fail<T>(CancelledError("what was to be waited for is being destroyed"));
    auto place = waiting_->emplace(waiting_->end());
    auto made = newDeferred<T>(Leave{waiting_, place});
    *place = std::move(made.resolver);
    return std::move(made.deferred);
  }

  /// Removes the first waiter and returns its Resolver, for the caller to fire. REQUIRES: not
  /// empty().
  Resolver<T> next() {
    Resolver<T> first = std::move(waiting_->front());
    waiting_->pop_front();
    return first;
  }

 private:
  using Waiting = std::list<Resolver<T>>;

  /// The canceller.
  struct Leave {
    void operator()() const {
      if (auto waiting = list.lock()) waiting->erase(place);
    }
    WaitingFor waitingFor() const {
      const auto waiting = list.lock();
      const std::size_t others = waiting ? waiting->size() - 1 : 0;
      return {"its turn at a queue, where " + std::to_string(others) + " others wait", {}};
    }

    std::weak_ptr<Waiting> list;
    typename Waiting::iterator place;
  };

  std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
