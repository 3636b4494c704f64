// Work on a clock: once later, or again and again. After twisted.internet.task.
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

namespace phial {

/// Calls f(arguments...) after `delay` on `clock`. The Deferred has what it returns (if that is a
/// Deferred, its result) or throws. Cancelling drops the call. f and the arguments are copied or
/// moved in and live until then: f may be a coroutine lambda with captures. REQUIRES: `clock`
/// outlives the call.
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

/// Calls a function at a fixed rhythm. Beats lie at start + n * interval: a call that takes longer
/// than the interval, or a loop that was late, misses beats, which are skipped and counted, not
/// made up for. A call that returns a Deferred is waited for before the next.
class LoopingCall {
 public:
  /// Gets how many beats have passed since its last call: 1, or more when some were skipped. The
  /// first one, made by start() at once, gets 1. What it returns is waited for.
  using Function = std::function<Deferred<void>(std::int64_t beats)>;

  /// `f` takes nothing, or the count of beats; it returns nothing or a Deferred<void>. `clock` is
  /// borrowed for the life of the LoopingCall.
  template <typename F>
  LoopingCall(Clock& clock, F f) : LoopingCall(clock, wrap(std::move(f)), Wrapped()) {}
  /// Stops; the Deferred of start() then stays pending. A call that is waited for goes on; its
  /// failure is reported as unhandled.
  ~LoopingCall();
  LoopingCall(const LoopingCall&) = delete;
  LoopingCall& operator=(const LoopingCall&) = delete;

  enum class First { atOnce, afterInterval };

  /// Begins. The Deferred fires when the last call has ended after stop(), or fails with what a
  /// call threw or failed with, which also stops it. Cancelling it stops too; a call that is waited
  /// for goes on, and its failure is then reported as unhandled. An interval of zero means every
  /// turn of the loop; one of Duration::max() means that no further beat comes. REQUIRES: not
  /// running, interval not negative (std::logic_error).
  Deferred<void> start(Duration interval, First first = First::atOnce);
  /// No more calls. Fires the Deferred of start(), inside this function when no call is waited for.
  /// Else, as in Twisted, that call is the last one: its end fires the Deferred, with its failure
  /// if it fails. start() may be called again at once. Harmless when not running.
  void stop();
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

}  // namespace phial
