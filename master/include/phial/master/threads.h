// Calls that block, made on a thread, with their results as Deferreds. After Twisted's
// twisted.internet.threads.
//
//     phial::deferToThread(reactor, readConfiguration, path)
//         .addCallback([](Configuration c) { ... });
//
// The function runs on another thread, so it must not touch the Reactor, a pool or a Deferred, and
// what it shares with the loop needs a lock. Reactor::callFromThread and blockingCallFromThread
// (blocking_call.h) lead back. For work that uses a core for long, may crash or must be stopped,
// use a ProcessPool.
//
// Thread rule: the functions here are called on the loop's thread; results arrive from the loop.
#pragma once

#include <phial/master/blocking_call.h>  // IWYU pragma: export
#include <phial/master/deferred.h>
#include <phial/master/reactor.h>
#include <phial/master/thread_pool.h>  // IWYU pragma: export

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {

/// Calls `work` on a thread of `pool`, then `finish` on the loop's thread. `finish` never leaves
/// the loop's thread: if the Reactor ends first, it is destroyed with it, uncalled. Throws as
/// ThreadPool::callInThread.
void runAside(Reactor& reactor, ThreadPool& pool, std::function<void()> work,
              std::function<void()> finish);

/// A call on a thread: what the thread and the loop share.
template <class R, class F, class... A>
struct ThreadTask {
  template <class G, class... B>
  explicit ThreadTask(G&& g, B&&... b)
      : call(std::in_place, std::forward<G>(g), std::forward<B>(b)...) {}

  // On the thread, which also destroys function and arguments.
  void run() {
    if (!cancelled.load()) {
      try {
        const auto make = [&] { return std::apply(invoke, std::move(*call)); };
        if constexpr (std::is_void_v<R>) {
          make();
          outcome.emplace();
        } else {
          outcome.emplace(R(make()));
        }
      } catch (...) {
        outcome.emplace(Failure::current());
      }
    }
    call.reset();
  }

  static constexpr auto invoke = [](F&& f, A&&... a) -> decltype(auto) {
    return std::invoke(std::move(f), std::move(a)...);
  };

  std::optional<std::tuple<F, A...>> call;
  std::atomic<bool> cancelled = false;
  std::optional<Outcome<R>> outcome;  // the thread's, then the loop's
};

}  // namespace detail

/// Calls f(args...) on a thread of `pool` and returns the result, or the exception, as a Deferred.
/// `f` and `args` are moved in or copied, as by std::thread: for a reference write std::ref(x).
/// They are destroyed on the thread. `pool` need not be started yet.
///
/// Cancelling fails the Deferred at once. If the function has not begun, it never runs; otherwise
/// it goes on and its result is dropped. If the Reactor ends first, the Deferred stays pending, and
/// the function still runs; it reaches nothing of the Reactor.
///
/// Fails with PoolStopped after the pool's stop(), with Error when the system has no thread to
/// give.
template <class F, class... A>
auto deferToThreadPool(Reactor& reactor, ThreadPool& pool, F&& f, A&&... args) {
  using R = std::remove_cvref_t<std::invoke_result_t<std::decay_t<F>, std::decay_t<A>...>>;
  static_assert(!detail::Lift<R>::kDeferred,
                "a Deferred belongs to the loop's thread: return the value from the thread");
  using Task = detail::ThreadTask<R, std::decay_t<F>, std::decay_t<A>...>;
  reactor.requireThread("deferToThread");
  try {
    auto task = std::make_shared<Task>(std::forward<F>(f), std::forward<A>(args)...);
    auto made = newDeferred<R>([task] { task->cancelled = true; });
    detail::runAside(
        reactor, pool, [task] { task->run(); },
        [task, resolver = std::move(made.resolver)] {
          if (resolver.called()) return;  // cancelled
          if (!task->outcome->ok()) {
            resolver.errback(task->outcome->failure());
          } else if constexpr (std::is_void_v<R>) {
            resolver.callback();
          } else {
            resolver.callback(std::move(*task->outcome).value());
          }
        });
    return std::move(made.deferred);
  } catch (...) {
    return fail<R>(Failure::current());
  }
}

/// As deferToThreadPool, on the Reactor's own threads. Fails with ReactorStopped when the Reactor
/// is being destroyed.
template <class F, class... A>
auto deferToThread(Reactor& reactor, F&& f, A&&... args) {
  using R = std::remove_cvref_t<std::invoke_result_t<std::decay_t<F>, std::decay_t<A>...>>;
  reactor.requireThread("deferToThread");
  try {
    return deferToThreadPool(reactor, reactor.threadPool(), std::forward<F>(f),
                             std::forward<A>(args)...);
  } catch (...) {
    return fail<R>(Failure::current());
  }
}

/// Calls `functions` one after the other on one thread of the Reactor's. As in Twisted, an
/// exception ends the row; it is reported as an unhandled error. Throws as Reactor::callInThread.
void callMultipleInThread(Reactor& reactor, std::vector<std::function<void()>> functions);

}  // namespace phial::inline v1

#pragma GCC visibility pop
