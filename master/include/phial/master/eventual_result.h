// The result of something that runs in a Reactor's loop, for a thread that may wait for it. After
// Crochet's EventualResult.
//
//     auto result = phial::runInReactor(reactor, [&] { return pool.deferToProcess<isPrime>(n); });
//     ...                                      // meanwhile, on this thread
//     const bool prime = result.wait(2s);      // throws TimeoutError; may be called again
//
// Life: made by runInReactor. Dropping an EventualResult cancels nothing. If the result is a
// failure that nobody has asked for, it is reported as an unhandled error (setUnhandledErrorHook)
// when the last one who could ask is gone: on the thread that drops the EventualResult, or on the
// loop's. The CancelledError of a cancel() is not reported. An EventualResult may outlive its
// Reactor.
//
// Thread rule: every member may be called on any thread, and by several threads at once; waiting is
// refused on the loop's thread. T moves to the thread that asks, so it must not be bound to one.
#pragma once

#include <phial/master/blocking_call.h>
#include <phial/master/deferred.h>
#include <phial/master/detail/loop_call.h>
#include <phial/master/reactor.h>

#include <any>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

template <class T>
class [[nodiscard]] EventualResult {
 public:
  using Value = T;

  /// Holds nothing; may only be assigned to or destroyed.
  EventualResult() = default;
  explicit EventualResult(std::shared_ptr<detail::LoopCallOf<T>> call) : call_(std::move(call)) {}
  EventualResult(EventualResult&&) noexcept = default;
  EventualResult& operator=(EventualResult&&) noexcept = default;
  EventualResult(const EventualResult&) = delete;
  EventualResult& operator=(const EventualResult&) = delete;

  /// Waits for the result and returns it, or throws its exception. Throws TimeoutError when there
  /// is no result after `timeout`; zero asks without waiting. May be called again, after a timeout
  /// and after a result, and then gives the same. The value stays here; wait() of a temporary, or
  /// std::move(result).wait(), gives it away.
  ///
  /// Throws ReactorStopped when the loop stops, has stopped, or the Reactor is destroyed, before
  /// the result is there. Throws std::logic_error at once on the loop's thread, even if the result
  /// is there; std::future_error (broken_promise) when the Deferred was destroyed unfired.
  decltype(auto) wait(std::optional<Duration> timeout = std::nullopt) const& {
    if constexpr (std::is_void_v<T>) {
      await(timeout).value();
    } else {
      return std::as_const(await(timeout)).value();
    }
  }
  T wait(std::optional<Duration> timeout = std::nullopt) && {
    if constexpr (std::is_void_v<T>) {
      await(timeout).value();
    } else {
      return std::move(await(timeout)).value();
    }
  }

  /// Asks the loop to cancel the Deferred, and returns. If the function has not been called yet, it
  /// never is. The result is then a CancelledError, or what the canceller has made of it.
  void cancel() const {
    required().ignoreCancellation();
    call_->cancel(call_->door());
  }

  /// Keeps this result with the Reactor, also when the EventualResult is dropped, until somebody
  /// calls retrieve with the number that this returns, or the Reactor ends. Throws ReactorStopped
  /// after that end.
  std::uint64_t stash() const {
    return required().door().stash(std::shared_ptr<detail::LoopCallOf<T>>(call_));
  }

  /// The failure, if the result is there and is one; otherwise empty. Does not wait, and counts as
  /// having asked for the failure.
  std::optional<Failure> originalFailure() const {
    {
      const std::scoped_lock lock(required().mutex);
      if (!call_->settled) return std::nullopt;
    }
    if (call_->outcome().ok()) return std::nullopt;
    return call_->outcome().failure();
  }

 private:
  detail::LoopCallOf<T>& required() const {
    if (!call_) throw std::logic_error("an empty EventualResult");
    return *call_;
  }
  Outcome<T>& await(std::optional<Duration> timeout) const {
    detail::ThreadDoor& door = required().door();
    door.requireOtherThread("EventualResult::wait");
    const auto end = door.wait(*call_, detail::deadlineOf(timeout));
    if (end != detail::WaitEnd::settled) detail::throwUnsettled(end, timeout);
    return call_->outcome();
  }

  std::shared_ptr<detail::LoopCallOf<T>> call_;
};

/// Asks the loop to call f(), and returns at once with the eventual result. `f` is moved in; it is
/// called and destroyed on the loop's thread, and returns a value, void or a Deferred. What it uses
/// must therefore live long enough. May be called on any thread, the loop's included: `f` then runs
/// in a later turn. If the Reactor ends first, `f` is destroyed uncalled. After Crochet's
/// run_in_reactor. REQUIRES: `reactor` is alive.
template <class F>
EventualResult<detail::LoopResultOf<F>> runInReactor(Reactor& reactor, F f) {
  return EventualResult<detail::LoopResultOf<F>>(
      detail::postCall(detail::ThreadDoor::of(reactor), std::move(f)));
}

/// The result that was stashed under `number`, once. Throws std::out_of_range when nothing is
/// stashed there, std::bad_any_cast when it is no EventualResult<T>; it is gone then.
template <class T>
EventualResult<T> retrieve(Reactor& reactor, std::uint64_t number) {
  return EventualResult<T>(std::any_cast<std::shared_ptr<detail::LoopCallOf<T>>>(
      detail::ThreadDoor::of(reactor)->take(number)));
}

/// Calls f() on the loop's thread and waits at most `timeout` for the result. As
/// blockingCallFromThread with the timeout first, for a longer function. After Crochet's wait_for.
template <class F>
auto waitFor(Reactor& reactor, Duration timeout, F f) {
  return detail::blockOn(detail::ThreadDoor::of(reactor), "waitFor", timeout, std::move(f),
                         [timeout](detail::WaitEnd end) { detail::throwUnsettled(end, timeout); });
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
