// Fibers: functions that look blocking and wait without stopping the loop. After gevent.
//
// Coroutines are the first choice (coroutine.h): they cost a tenth of the memory and show in the
// source where they wait. A fiber is for code that cannot become a coroutine, because the wait
// happens below functions of somebody else: a parser that calls back for more input, a visitor, an
// old library with a read function.
//
//     phial::Deferred<int> total = phial::spawnFiber(reactor, [&] {
//       int sum = 0;
//       for (const auto& path : paths)
//         sum += phial::waitForDeferred(pool.deferToProcess<countLines>(path));
//       return sum;
//     });
//
// A fiber runs at once, up to its first waitForDeferred of a Deferred that has no result yet. It
// goes on inside the call that fires this Deferred, as a coroutine does. What the function returns
// or throws is the result of its own Deferred. Only one fiber of a thread runs at a time, and none
// is interrupted: between two waits nothing else changes.
//
// Cancelling the fiber's Deferred cancels the Deferred that the fiber waits for: the fiber sees
// CancelledError, and may clean up, go on, or return a value. Dropping the fiber's Deferred cancels
// nothing. A function that waits for its own fiber's Deferred gets CircularWaitError.
//
// The end: when the Reactor ends, a fiber that waits gets ReactorStopped, inside the Reactor's
// destructor; when nothing can fire what it waits for, CancelledError. Every later wait of that
// fiber throws the same, so catching it in a loop around waitForDeferred is a mistake: after a
// thousand such waits the fiber is reported, and its stack and objects stay for ever.
// Reactor::stop() ends no fiber: it goes on when the loop runs again.
//
// A callback that runs because the fiber fired a Resolver runs on the fiber's stack. It may wait:
// this suspends the fiber, and holds up the rest of that chain.
//
// Cost: a fiber takes a stack of 256 KiB of address space, and two mappings of the 65,530 that
// Linux gives a process by default: some 30,000 fibers. The resident memory of the process grew
// by 4.7 KiB a fiber when 1,000 fibers waited at once, and as much with 10,000 (VmRSS before and
// after, g++ 12 -O2, Deferred and Resolver included): a page of stack and 0.7 KiB of heap. A
// coroutine that waited in the same way took 0.4 KiB. A function that goes deeper before it waits
// touches more pages, which stay with the stack. 64 free stacks are kept.
//
// A function that needs more than its stack, and frames below 64 KiB, dies of SIGSEGV at a guard
// instead of overwriting memory. A thread must not end inside a fiber (pthread_exit ends the
// program).
//
// Thread rule: the loop's thread. Link phial::fiber (find_package: COMPONENTS fiber), which needs
// Boost.Context.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/deferred_lock.h>
#include <phial/master/detail/fiber_source.h>
#include <phial/master/reactor.h>

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

struct FiberOptions {
  /// The size of the stack, from 16 KiB to 1 GiB, rounded up to whole pages. The default is 256
  /// KiB. Price of a larger one: address space; memory is used when it is touched.
  std::size_t stackBytes = std::size_t{256} << 10;
};

namespace detail {

template <class Last>
inline constexpr bool kOptionsLast<Last> = std::same_as<Last, FiberOptions>;
template <class First, class Second, class... Rest>
inline constexpr bool kOptionsLast<First, Second, Rest...> = kOptionsLast<Second, Rest...>;

template <class F, class Bound, std::size_t... I>
auto startFiber(Reactor& reactor, const FiberOptions& options, F&& f, Bound&& bound,
                std::index_sequence<I...>) {
  using R = Lifted<std::invoke_result_t<F&, std::tuple_element_t<I, Bound>...>>;
  Ref<FiberSource> fiber(new FiberOf<R, F, std::tuple_element_t<I, Bound>...>(
      std::move(f), std::move(std::get<I>(bound))...));
  auto deferred = Access::wrap<R>(Chain::pending(fiber));
  fiber->start(reactor, options.stackBytes);
  return deferred;
}

/// Runs the loop until done() of the same object has been called. Throws ReactorStopped when the
/// loop ends before.
class LoopUntilDone {
 public:
  explicit LoopUntilDone(Reactor& reactor) : reactor_(reactor) {}
  void run();
  /// Returns false when run() has ended: nobody takes the result.
  bool done();

 private:
  Reactor& reactor_;
  bool done_ = false;
  bool looping_ = false;
  bool over_ = false;
};

/// Throws std::logic_error in a fiber.
void requireOutsideFibers(const char* call);

}  // namespace detail

/// Calls f(arguments...) in a new fiber, and returns the Deferred of what it returns, throws or
/// defers. `f` and the arguments are moved in. FiberOptions may follow as the last argument:
/// spawnFiber(reactor, f, 7, FiberOptions{.stackBytes = 1 << 20}). Throws ReactorStopped after the
/// end of the Reactor, std::bad_alloc when the system refuses a stack, std::invalid_argument when
/// stackBytes is out of range; `f` has not been called then. After gevent.spawn.
template <class F, class... A>
auto spawnFiber(Reactor& reactor, F f, A... arguments) {
  constexpr bool kOptions = detail::kOptionsLast<A...>;
  std::tuple<A...> bound(std::move(arguments)...);
  FiberOptions options;
  if constexpr (kOptions) options = std::get<sizeof...(A) - 1>(bound);
  return detail::startFiber(reactor, options, std::move(f), std::move(bound),
                            std::make_index_sequence<sizeof...(A) - (kOptions ? 1 : 0)>());
}

/// Waits in a fiber for the result of `deferred`, and returns it or throws its exception. Returns
/// at once when the result is there. Throws std::logic_error outside a fiber: a coroutine writes
/// co_await, another thread uses EventualResult. After geventreactor's waitForDeferred.
template <class T>
T waitForDeferred(Deferred<T> deferred) {
  auto node = detail::FiberSource::wait("waitForDeferred", detail::Access::unwrap(deferred));
  return detail::take<T>(*node).value();
}
/// Waits in a fiber for a place in a lock or semaphore; the guard gives it back.
inline LockGuard waitForDeferred(Acquisition request) {
  LockGuard guard = waitForDeferred(std::move(request).guard());
  detail::LockAccess::heldBy(guard, detail::FiberSource::ofThisStack());
  return guard;
}

/// True if the caller runs on the stack of a fiber, where waitForDeferred may be called.
inline bool inFiber() { return detail::FiberSource::runs(); }

/// Outside the loop: runs the loop until the fiber has its result, and returns it or throws its
/// exception. For main() and tests. Throws ReactorStopped when something else ends the loop first;
/// the fiber goes on when the loop runs again, and a later failure of it is reported as unhandled.
/// Throws std::logic_error in a fiber, and inside a callback of the loop. Another thread uses
/// phial::waitFor, with a function that spawns the fiber.
template <class T>
T waitForFiber(Reactor& reactor, Deferred<T> fiber) {
  detail::requireOutsideFibers("waitForFiber");
  auto loop = std::make_shared<detail::LoopUntilDone>(reactor);
  auto result = std::make_shared<std::optional<Outcome<T>>>();
  std::move(fiber).addBoth([loop, result](Outcome<T> outcome) -> Outcome<void> {
    if (loop->done()) {
      result->emplace(std::move(outcome));
    } else if (!outcome.ok()) {
      return outcome.failure();
    }
    return {};
  });
  loop->run();
  return std::move(**result).value();
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
