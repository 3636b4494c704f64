// Conversions between Deferred and std::future.
//
// std::future has no callback, so somebody has to wait for it. fromFuture() never lets the loop
// wait: it starts a thread for each future that is not ready. For more than some dozens of futures
// at a time, have their producers fire a Resolver through Reactor::callFromThread instead.
//
// Thread rule: fromFuture() and toFuture() are called on the loop's thread. The future that
// toFuture() returns may be waited for on any thread except the loop's, whose wait would never end.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/reactor.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {

/// Calls `wait` on a thread of its own, then `ready` on the thread of `reactor`. If the Reactor
/// ends first, `ready` is destroyed uncalled with it, and the thread goes on until `wait` has
/// returned. Throws Error when the system has no thread or descriptor to give.
void waitBeside(Reactor& reactor, std::function<void()> wait, std::function<void()> ready);

template <class T>
void settleFrom(std::future<T>& future, const Resolver<T>& resolver) {
  if (resolver.called()) return;  // cancelled
  try {
    if constexpr (std::is_void_v<T>) {
      future.get();
      resolver.callback();
    } else {
      resolver.callback(future.get());
    }
  } catch (...) {
    resolver.errback(Failure::current());
  }
}

}  // namespace detail

/// Returns a Deferred for the future's value or exception. If the future is ready, the Deferred has
/// fired already, and nothing else is needed. Otherwise a thread waits for the future, without
/// handling signals; the Deferred fires in the next turn of the loop. The function of a future from
/// std::launch::deferred runs on this thread. Costs a thread and a descriptor while it waits.
///
/// Cancelling fails the Deferred at once. The future cannot be cancelled: the thread goes on
/// waiting, and its value is dropped. If the Reactor ends first, the Deferred stays pending; the
/// thread still waits for the future and keeps what the future needs, but touches neither the
/// Reactor nor the callbacks. A future that never becomes ready keeps its thread until the process
/// exits.
///
/// Fails with std::future_error when `future` has no state, with Error when the system has no
/// thread or descriptor to give; the future is waited for nowhere then. `reactor` is borrowed.
template <class T>
Deferred<T> fromFuture(Reactor& reactor, std::future<T> future) {
  static_assert(!std::is_reference_v<T>, "a Deferred carries no references: use std::future<T*>");
  if (!future.valid()) return fail<T>(std::future_error(std::future_errc::no_state));
  auto made = newDeferred<T>([] {});
  if (future.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
    detail::settleFrom(future, made.resolver);
    return std::move(made.deferred);
  }
  auto shared = std::make_shared<std::future<T>>(std::move(future));
  try {
    detail::waitBeside(
        reactor, [shared] { shared->wait(); },
        [shared, resolver = made.resolver] { detail::settleFrom(*shared, resolver); });
  } catch (...) {
    made.resolver.errback(Failure::current());
  }
  return std::move(made.deferred);
}

/// Returns a future for the Deferred's result. Consumes the Deferred: a failure counts as handled,
/// and get() throws its exception. Dropping the future cancels nothing. If the Deferred is never
/// fired and is destroyed, get() throws std::future_error (broken_promise).
template <class T>
std::future<T> toFuture(Deferred<T> deferred) {
  std::promise<T> promise;
  auto future = promise.get_future();
  std::move(deferred).addBoth([promise = std::move(promise)](Outcome<T> outcome) mutable {
    if (!outcome.ok()) {
      promise.set_exception(outcome.failure().exception());
    } else if constexpr (std::is_void_v<T>) {
      promise.set_value();
    } else {
      promise.set_value(std::move(outcome).value());
    }
  });
  return future;
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
