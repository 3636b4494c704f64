// Mutual exclusion among callbacks of one loop. After Twisted's DeferredLock and DeferredSemaphore.
//
// Use it for work that takes several turns of the loop, such as a request and its reply on one
// connection. It is no lock between threads.
#pragma once

#include <phial/master/detail/deferred_waitlist.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <tuple>
#include <utility>

namespace phial {

/// Admits at most `limit` holders at a time, in the order of their requests. Destroying the
/// semaphore fails the waiting requests with CancelledError; work started by run() goes on. A
/// callback of an admitted request may destroy the semaphore.
class DeferredSemaphore {
 public:
  /// Throws std::invalid_argument when `limit` is zero.
  explicit DeferredSemaphore(std::size_t limit);
  DeferredSemaphore(const DeferredSemaphore&) = delete;
  DeferredSemaphore& operator=(const DeferredSemaphore&) = delete;
  ~DeferredSemaphore();

  /// Fires when the caller is admitted; has already fired if there is room. After that the caller
  /// must call release() once. Cancelling while waiting gives up the place in the line.
  Deferred<void> acquire();

  /// Gives back one place, and admits the next request. The callbacks of the next request run
  /// before release() returns. If release() is called from the callbacks of an admitted request,
  /// the next request is admitted after these callbacks instead. Throws std::logic_error when
  /// nobody is admitted.
  void release();

  /// Calls f(arguments...) when admitted, and releases the place when the result of `f` is there;
  /// if `f` returns a Deferred, when this Deferred has its result. Returns the result of `f`. `f`
  /// and the arguments live until then, so `f` may be a coroutine lambda with captures. Cancelling
  /// before the call gives up the place in the line; cancelling later cancels what `f` has
  /// returned.
  template <class F, class... A>
  auto run(F f, A... arguments) {
    return acquire().addCallback([gate = gate_, f = std::move(f),
                                  bound = std::make_tuple(std::move(arguments)...)]() mutable {
      return maybeDeferred([&] { return std::apply(std::move(f), std::move(bound)); })
          .addBoth([gate](auto outcome) {
            gate->release();
            return outcome;
          });
    });
  }

  /// The number of holders that the semaphore admits at a time.
  std::size_t limit() const;
  /// The number of places that are free now.
  std::size_t tokens() const;
  /// The number of requests that wait.
  std::size_t waiting() const;

 private:
  struct Gate : std::enable_shared_from_this<Gate> {
    explicit Gate(std::size_t n) : limit(n), tokens(n) {}
    void release();
    void letIn();

    std::size_t limit;
    std::size_t tokens;
    bool lettingIn = false;
    std::unique_ptr<detail::WaitList<void>> waiting = std::make_unique<detail::WaitList<void>>();
  };

  std::shared_ptr<Gate> gate_;  // shared: work of run() may outlive the semaphore
};

/// A semaphore that admits one holder at a time.
class DeferredLock : public DeferredSemaphore {
 public:
  DeferredLock() : DeferredSemaphore(1) {}
  /// True while there is a holder.
  bool locked() const { return tokens() == 0; }
};

}  // namespace phial
