// A call into the loop from another thread, which waits for the result.
//
//     // on a thread that may block
//     const std::size_t queued = phial::blockingCallFromThread(
//         reactor, [&] { return pool.stats().queued; });
//     const bool prime = phial::blockingCallFromThread(
//         reactor, [&] { return pool.deferToProcess<isPrime>(n); });
//
// After Twisted's threads.blockingCallFromThread, with two rules more: a timeout, and no wait for a
// loop that has stopped.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/detail/loop_call.h>
#include <phial/master/reactor.h>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {

/// Throws what a wait that has brought nothing throws.
[[noreturn]] void throwUnsettled(WaitEnd end, std::optional<Duration> timeout);

/// As blockingCallFromThread. `unsettled` throws when there is no result.
template <class F, class Unsettled>
LoopResultOf<F> blockOn(const std::shared_ptr<ThreadDoor>& door, const char* name,
                        std::optional<Duration> timeout, F f, Unsettled unsettled) {
  using T = LoopResultOf<F>;
  door->requireOtherThread(name);
  const auto deadline = deadlineOf(timeout);
  const auto call = postCall(door, std::move(f));
  const WaitEnd end = door->wait(*call, deadline);
  if (end != WaitEnd::settled && call->giveUp()) {
    call->ignoreCancellation();
    call->cancel(*door);
    unsettled(end);
  }
  if constexpr (std::is_void_v<T>) {
    call->outcome().value();
  } else {
    return std::move(call->outcome()).value();
  }
}

}  // namespace detail

/// Calls f() on the loop's thread, waits, and returns the result. `f` returns a value, void, or a
/// Deferred, whose result is waited for. What `f` throws, or the Deferred fails with, is thrown
/// here. `f` is moved in. Waits for the loop to run when it has not run yet.
///
/// With a `timeout` throws TimeoutError when there is no result in time. If `f` has not been called
/// by then, it never will be; otherwise its Deferred is cancelled, and a later result is dropped.
///
/// Throws ReactorStopped when the loop stops, or the Reactor is destroyed, before the result is
/// there, and when the loop had stopped before the call. What is left of the Deferred is cancelled
/// if the loop runs again. A Reactor may therefore be destroyed while threads wait here. Throws
/// std::future_error (broken_promise) when the Deferred is destroyed unfired, and std::logic_error
/// on the loop's thread, which would wait for itself.
///
/// When this returns or throws, `f` is not running, and will not be: it may use the caller's
/// variables. If the time is up while the loop is inside `f`, this waits until `f` has returned.
/// The callbacks of a Deferred that `f` returns may run later than a TimeoutError or
/// ReactorStopped.
///
/// REQUIRES: the Reactor is alive when the call begins.
template <class F>
auto blockingCallFromThread(Reactor& reactor, F f, std::optional<Duration> timeout = std::nullopt) {
  return detail::blockOn(detail::ThreadDoor::of(reactor), "blockingCallFromThread", timeout,
                         std::move(f),
                         [timeout](detail::WaitEnd end) { detail::throwUnsettled(end, timeout); });
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
