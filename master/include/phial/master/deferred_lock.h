// Mutual exclusion among callbacks of one loop. After Twisted's DeferredLock and DeferredSemaphore.
//
// Use it for work that takes several turns of the loop, such as a request and its reply on one
// connection. It is no lock between threads.
//
// Three ways to hold a place, each of which gives it back once:
//
//     auto held = co_await lock.acquire();       // a LockGuard: its destructor releases
//     lock.run([&] { return c.ask(question); });  // releases when the answer is there
//     lock.acquire().addCallback([&] { ... });    // as in Twisted: call release() yourself
//
// Thread rule: the loop's thread.
#pragma once

#include <phial/master/detail/deferred_waitlist.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <tuple>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

class DeferredSemaphore;

namespace detail {

/// The state of a lock or semaphore. Shared: guards and the work of run() may outlive the lock.
struct LockGate : std::enable_shared_from_this<LockGate> {
  explicit LockGate(std::size_t n) : limit(n), tokens(n) {}
  void release();
  void letIn();

  std::size_t limit;
  std::size_t tokens;
  bool lettingIn = false;
  std::unique_ptr<WaitList<void>> waiting = std::make_unique<WaitList<void>>();
};

}  // namespace detail

/// A place in a DeferredLock or DeferredSemaphore. Its destructor gives the place back: the
/// callbacks of the next request run before the destructor returns. May outlive the lock.
/// Movable; a moved-from guard holds nothing.
class [[nodiscard]] LockGuard {
 public:
  /// Holds nothing.
  LockGuard() = default;
  LockGuard(LockGuard&&) noexcept = default;
  LockGuard& operator=(LockGuard&& other) noexcept;
  LockGuard(const LockGuard&) = delete;
  LockGuard& operator=(const LockGuard&) = delete;
  ~LockGuard() { release(); }

  /// True while this holds a place.
  explicit operator bool() const { return gate_ != nullptr; }
  /// Gives the place back before the guard's end, as DeferredSemaphore::release does. Harmless when
  /// nothing is held.
  void release() noexcept;

 private:
  friend class Acquisition;
  explicit LockGuard(std::shared_ptr<detail::LockGate> gate) : gate_(std::move(gate)) {}

  std::shared_ptr<detail::LockGate> gate_;
};

/// A request for a place. It is a Deferred<void>, which fires when the caller is admitted: its
/// callbacks take nothing, and somebody has to call release() once. Awaited in a coroutine, or
/// taken by guard(), it gives a LockGuard, which releases the place by itself. Give up a request by
/// cancel(). If a request is dropped, its place is taken and never given back.
class Acquisition : public Deferred<void> {
 public:
  /// The place as an owner: if the result is never used, the place is given back. Consumes the
  /// request.
  Deferred<LockGuard> guard() &&;
  /// Waits for the place in a coroutine, and returns its LockGuard.
  detail::Awaiter<LockGuard> operator co_await() &&;
  template <class Never = void>
  detail::Awaiter<LockGuard> operator co_await() const& {
    static_assert(detail::kNever<Never>,
                  "co_await consumes the request: write co_await std::move(request)");
    return detail::Awaiter<LockGuard>({});
  }

 private:
  friend class DeferredSemaphore;
  Acquisition(Deferred<void> deferred, std::shared_ptr<detail::LockGate> gate)
      : Deferred<void>(std::move(deferred)), gate_(std::move(gate)) {}

  std::shared_ptr<detail::LockGate> gate_;
};

namespace detail {
/// A callback that returns a request waits for it.
template <>
struct Lift<Acquisition> : Lift<Deferred<void>> {};
}  // namespace detail

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

  /// Fires when the caller is admitted; has already fired if there is room. `co_await acquire()`
  /// gives a LockGuard. With callbacks the caller must call release() once, or use guard().
  /// Cancelling while waiting gives up the place in the line.
  Acquisition acquire();

  /// Gives back one place, and admits the next request. The callbacks of the next request run
  /// before release() returns. If release() is called from the callbacks of an admitted request,
  /// the next request is admitted after these callbacks instead. Not for a place that a LockGuard
  /// holds. Throws std::logic_error when nobody is admitted.
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
  std::shared_ptr<detail::LockGate> gate_;
};

/// A semaphore that admits one holder at a time.
class DeferredLock : public DeferredSemaphore {
 public:
  DeferredLock() : DeferredSemaphore(1) {}
  /// True while there is a holder.
  bool locked() const { return tokens() == 0; }
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
