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

#include <phial/master/deferred.h>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <tuple>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

class DeferredSemaphore;

namespace detail {

/// A request for a place, from acquire() until the place is given back.
struct LockPlace {
  Resolver<void> resolver;   // fires when the request is let in; empty afterwards
  Ref<HandleTarget> holder;  // the request's Deferred, or the coroutine or fiber that has its guard
  bool owned = false;        // by a guard or by run(), which name the place when they release it
};
using LockPlaces = std::list<LockPlace>;

struct LockRequest {
  Deferred<void> deferred;
  LockPlaces::iterator place;  // valid until the request has failed or the place is given back
};

/// The state of a lock or semaphore. Shared: guards and the work of run() may outlive the lock.
struct LockGate : std::enable_shared_from_this<LockGate> {
  explicit LockGate(std::size_t n) : limit(n) {}
  LockRequest request();
  void own(LockPlaces::iterator place);
  void giveBack(LockPlaces::iterator place);
  void letIn();
  /// Fails those who wait, and lets nobody in any more.
  void close();
  /// What a request waits for, with the holders that are known.
  WaitingFor turn() const;
  std::size_t tokens() const { return limit - held.size(); }

  const std::size_t limit;
  bool open = true;
  bool lettingIn = false;
  LockPlaces waiting;
  LockPlaces held;  // those with an owner behind the others
};

struct LockAccess;

}  // namespace detail

/// A place in a DeferredLock or DeferredSemaphore. Its destructor gives the place back: the
/// callbacks of the next request run before the destructor returns. May outlive the lock.
/// Movable; a moved-from guard holds nothing.
class [[nodiscard]] LockGuard {
 public:
  /// Holds nothing.
  LockGuard() = default;
  LockGuard(LockGuard&& other) noexcept = default;
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
  friend struct detail::LockAccess;
  LockGuard(std::shared_ptr<detail::LockGate> gate, detail::LockPlaces::iterator place)
      : gate_(std::move(gate)), place_(place) {
    gate_->own(place_);
  }
  void heldBy(detail::Ref<detail::HandleTarget> holder) noexcept;

  std::shared_ptr<detail::LockGate> gate_;
  detail::LockPlaces::iterator place_;
};

namespace detail {

struct LockAccess {
  /// Notes the coroutine or fiber that has got the guard; ignored when `holder` is null.
  static void heldBy(LockGuard& guard, Ref<HandleTarget> holder) noexcept {
    guard.heldBy(std::move(holder));
  }
};

/// Awaits a guard, and notes the coroutine as its holder.
class GuardAwaiter {
 public:
  explicit GuardAwaiter(Deferred<LockGuard> guard) : guard_(std::move(guard).operator co_await()) {}

  // Only await_suspend() is told which coroutine this is.
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    if constexpr (std::derived_from<Promise, PromiseBase>) coroutine_ = self.promise().source();
    return !guard_.await_ready() && guard_.await_suspend(self);
  }
  LockGuard await_resume() {
    LockGuard guard = guard_.await_resume();
    if (coroutine_) LockAccess::heldBy(guard, coroutine_->handleTarget());
    return guard;
  }

 private:
  Awaiter<LockGuard> guard_;
  const CoroutineSource* coroutine_ = nullptr;  // null in a coroutine that returns no Deferred
};

}  // namespace detail

/// A request for a place. It is a Deferred<void>, which fires when the caller is admitted: its
/// callbacks take nothing, and somebody has to call release() once. Awaited in a coroutine, or
/// taken by guard(), it gives a LockGuard, which releases the place by itself. Give up a request by
/// cancel(). If a request is dropped, its place is taken and never given back.
class Acquisition : public Deferred<void> {
 public:
  /// The place as an owner: if the result is never used, the place is given back. Consumes the
  /// request.
  Deferred<LockGuard> guard() && {
    return std::move(*this).addCallback([gate = std::move(gate_), place = place_]() mutable {
      return LockGuard(std::move(gate), place);
    });
  }
  /// Waits for the place in a coroutine, and returns its LockGuard.
  detail::GuardAwaiter operator co_await() && {
    return detail::GuardAwaiter(std::move(*this).guard());
  }
  template <class Never = void>
  detail::GuardAwaiter operator co_await() const& {
    static_assert(detail::kNever<Never>,
                  "co_await consumes the request: write co_await std::move(request)");
    return detail::GuardAwaiter({});
  }

 private:
  friend class DeferredSemaphore;
  Acquisition(detail::LockRequest request, std::shared_ptr<detail::LockGate> gate)
      : Deferred<void>(std::move(request.deferred)),
        gate_(std::move(gate)),
        place_(request.place) {}

  std::shared_ptr<detail::LockGate> gate_;
  detail::LockPlaces::iterator place_;
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
  /// the next request is admitted after these callbacks instead. Throws std::logic_error when
  /// nobody is admitted, and when each place has a LockGuard or the work of run(), which gives it
  /// back.
  void release();

  /// Calls f(arguments...) when admitted, and releases the place when the result of `f` is there;
  /// if `f` returns a Deferred, when this Deferred has its result. Returns the result of `f`. `f`
  /// and the arguments live until then, so `f` may be a coroutine lambda with captures. Cancelling
  /// before the call gives up the place in the line; cancelling later cancels what `f` has
  /// returned.
  template <class F, class... A>
  auto run(F f, A... arguments) {
    Acquisition request = acquire();
    const auto place = request.place_;
    return std::move(request).addCallback(
        [gate = gate_, place, f = std::move(f),
         bound = std::make_tuple(std::move(arguments)...)]() mutable {
          gate->own(place);
          return maybeDeferred([&] { return std::apply(std::move(f), std::move(bound)); })
              .addBoth([gate, place](auto outcome) {
                gate->giveBack(place);
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
