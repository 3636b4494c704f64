// Signals as events of the loop, where a program asks for them.
//
//     const phial::SignalWatch reopen(reactor, {SIGHUP}, [&] { log.reopen(); });
//
// For the end of a program see <phial/master/stop_on_signals.h>.
//
// Phial takes no signal by itself. While a SignalWatch lives, a handler of Phial's stands for its
// signals in the whole process; when the last watch of a signal ends, what was there before is
// restored, unless the program has put something else there meanwhile. Any number of watches, on
// any threads, may have the same signal. The handler writes to an eventfd of each of them and does
// nothing else; functions are called from the loop. Signals of one number that arrive faster than
// the loop runs are one call, as the system itself merges them.
//
// The handler is installed with SA_RESTART and changes no signal mask: a signal that every thread
// has blocked does not arrive. A spawned program does not inherit the handler. A forked child that
// gets a watched signal restores what was there before and receives the signal again.
//
// Thread rule: a SignalWatch belongs to the thread of its Reactor. The signals themselves may
// arrive on any thread.
#pragma once

#include <phial/master/reactor.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Calls a function for each arrival of some signals, until it is dropped. Move-only.
class [[nodiscard]] SignalWatch {
 public:
  /// Watches nothing.
  SignalWatch() = default;
  /// Calls `f` from the loop of `reactor`, with the number of the signal or with nothing. `reactor`
  /// is borrowed; if it ends first, arrivals are dropped. Throws std::invalid_argument when a
  /// signal cannot be watched: SIGKILL, SIGSTOP, those that report a fault of the program (SIGSEGV,
  /// SIGBUS, SIGFPE, SIGILL), no number of a signal. Throws Error when the system refuses a
  /// descriptor. Costs one descriptor.
  template <class F>
  SignalWatch(Reactor& reactor, std::initializer_list<int> numbers, F f)
      : SignalWatch(reactor, numbers, wrap(std::move(f)), Wrapped()) {}
  SignalWatch(SignalWatch&&) noexcept = default;
  SignalWatch& operator=(SignalWatch&& other) noexcept;
  ~SignalWatch() { stop(); }

  /// Ends the watching, also inside `f`: `f` is not called again, and arrivals that were not
  /// reported yet are dropped. Harmless when nothing is watched.
  void stop();
  /// True until stop().
  bool active() const { return state_ != nullptr; }

 private:
  struct Wrapped {};
  class State;
  SignalWatch(Reactor& reactor, std::initializer_list<int> numbers, std::function<void(int)> f,
              Wrapped);

  template <class F>
  static std::function<void(int)> wrap(F f) {
    if constexpr (std::is_invocable_v<F&, int>) {
      return f;
    } else {
      return [f = std::move(f)](int) mutable { f(); };
    }
  }

  std::shared_ptr<State> state_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
