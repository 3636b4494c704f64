// Work on a clock: once after a delay, or again and again. After twisted.internet.task.
//
// Thread rule: the Clock's thread.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/deferred.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Calls f(arguments...) once, after `delay` on `clock`. The Deferred has what `f` returns or
/// throws; if `f` returns a Deferred, its result. Cancelling before the call drops the call;
/// cancelling later cancels the Deferred that `f` has returned. `f` and the arguments are copied or
/// moved in and live until the result is there, so `f` may be a coroutine lambda with captures.
/// REQUIRES: `clock` outlives the call.
template <typename F, typename... A>
auto deferLater(Clock& clock, Duration delay, F f, A... arguments) {
  auto call = std::make_shared<DelayedCall>();
  auto made = newDeferred<void>([call] { call->cancel(); });
  *call = clock.callLater(delay, [resolver = std::move(made.resolver)] { resolver.callback(); });
  return std::move(made.deferred)
      .addCallback([f = std::move(f), bound = std::make_tuple(std::move(arguments)...)]() mutable {
        return std::apply(std::move(f), std::move(bound));
      });
}

/// Calls a function at a fixed rhythm. Call n is due at start + n * interval. If a call takes
/// longer than the interval, or the loop is late, the calls that were missed are skipped and
/// counted, not repeated. If a call returns a Deferred, the next call waits for its result.
class LoopingCall {
 public:
  /// The function that is called. `beats` is the number of intervals that have passed since its
  /// last call: 1, or more when calls were skipped. The first call gets 1 when start() makes it at
  /// once; after a first interval it gets the number of intervals that have passed.
  using Function = std::function<Deferred<void>(std::int64_t beats)>;

  /// `f` takes nothing, or the number of beats, and returns nothing or a Deferred<void>. `clock` is
  /// borrowed and must outlive the LoopingCall.
  template <typename F>
  LoopingCall(Clock& clock, F f) : LoopingCall(clock, wrap(std::move(f)), Wrapped()) {}
  /// Stops calling. The Deferred of start() stays pending. If a call is still waited for, it goes
  /// on; its failure is reported as unhandled.
  ~LoopingCall();
  LoopingCall(const LoopingCall&) = delete;
  LoopingCall& operator=(const LoopingCall&) = delete;

  /// When the first call is made: at once, or after one interval.
  enum class First { atOnce, afterInterval };

  /// Begins calling. The Deferred fires after stop(), when the last call has ended. If a call
  /// throws or its Deferred fails, calling stops and the Deferred fails with the same failure.
  /// Cancelling the Deferred also stops calling; a call that is waited for goes on then, and its
  /// failure is reported as unhandled. An interval of zero means every turn of the loop. After an
  /// interval of Duration::max() no further call comes. REQUIRES: not running, interval not
  /// negative (std::logic_error).
  Deferred<void> start(Duration interval, First first = First::atOnce);
  /// Stops calling and fires the Deferred of start(). If no call is waited for, the Deferred fires
  /// inside stop(). Otherwise, as in Twisted, the call that is waited for is the last one: when it
  /// ends, the Deferred fires, or fails with its failure. start() may be called again at once.
  /// Harmless when not running.
  void stop();
  /// True from start() until stop(), a failed call, or a cancellation.
  bool running() const;

 private:
  struct Wrapped {};
  class State;
  LoopingCall(Clock& clock, Function f, Wrapped);

  template <typename F>
  static Function wrap(F f) {
    return [f = std::move(f)](std::int64_t beats) mutable -> Deferred<void> {
      const auto call = [&]() -> decltype(auto) {
        if constexpr (std::is_invocable_v<F&, std::int64_t>) {
          return f(beats);
        } else {
          return f();
        }
      };
      if constexpr (std::is_void_v<decltype(call())>) {
        call();
        return succeed();
      } else {
        return call();
      }
    };
  }

  std::shared_ptr<State> state_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
