// How a call of a BlockingPool gets to the loop's thread and back. Part of the templates of
// blocking_pool.h; nothing here is for users.
#pragma once

#include <phial/master/detail/loop_call.h>
#include <phial/master/detail/submit.h>
#include <phial/master/process_pool.h>
#include <phial/master/submitter.h>

#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

class ReactorThread;

namespace detail {

// --- Arguments ---

/// True if the call compiles; otherwise a static_assert says why not.
template <auto function, class... A>
consteval bool checkBlockingCall() {
  if constexpr (checkFunction<decltype(function)>()) {
    return ArgumentsOf<typename FunctionTraits<decltype(function)>::Signature>::template check<
        A...>();
  } else {
    return false;
  }
}

/// After a static_assert has failed.
template <class R>
R neverReturned() {
  std::terminate();
}

/// An argument as it crosses to the loop's thread: nothing in it is borrowed.
template <class P, class A>
auto ownArgument(const ArgumentPlace& place, A&& argument) {
  if constexpr (kShares<std::remove_cvref_t<A>, Stored<P>>) {
    return std::remove_cvref_t<A>(std::forward<A>(argument));
  } else {
    return convertArgument<P>(place, std::forward<A>(argument));
  }
}

template <class Signature>
struct OwnArguments;
template <class R, class... P>
struct OwnArguments<R(P...)> {
  template <std::size_t... I, class... A>
  static auto make([[maybe_unused]] std::string_view name, std::index_sequence<I...>,
                   A&&... arguments) {
    return std::tuple<decltype(ownArgument<P>({}, std::declval<A>()))...>(
        ownArgument<P>({name, I + 1}, std::forward<A>(arguments))...);
  }
};

/// Throws EncodingError for a value that does not fit, and what copying an argument throws.
template <auto function, class... A>
auto ownArguments(A&&... arguments) {
  using Own = OwnArguments<typename FunctionTraits<decltype(function)>::Signature>;
  return Own::make(functionName<function>(), std::index_sequence_for<A...>(),
                   std::forward<A>(arguments)...);
}

// --- The way to the pool ---

/// What with() has gathered, in order; null for none.
using BlockingOptions = std::shared_ptr<const std::vector<MapOptions>>;

/// What a BlockingPool and its handles share.
class BlockingCore {
 public:
  explicit BlockingCore(PoolOptions options);
  ~BlockingCore();
  BlockingCore(const BlockingCore&) = delete;
  BlockingCore& operator=(const BlockingCore&) = delete;

  const std::shared_ptr<ThreadDoor>& door() const { return door_; }
  /// On the loop's thread: the calls, with these options. Throws PoolStopped after close().
  Submitter jobs(const BlockingOptions& options) const;
  /// On the loop's thread. Throws PoolStopped after close().
  ProcessPool& pool() const;
  /// On the loop's thread.
  Reactor& reactor() const { return *reactor_; }
  /// Destroys the pool and ends the loop. Called once, by the BlockingPool.
  void close();

 private:
  /// Where the loop's thread keeps the address of the pool: null after the pool's end.
  using Slot = std::shared_ptr<ProcessPool*>;
  class OwnedPool;

  const Slot pool_;
  std::unique_ptr<ReactorThread> thread_;
  Reactor* const reactor_;
  std::shared_ptr<ThreadDoor> door_;
};

[[noreturn]] void throwPoolStopped(WaitEnd end);

/// Calls f() on the loop's thread and waits for its Deferred.
template <class F>
auto waitOnPool(const BlockingCore& core, const char* name, F f) {
  return blockOn(core.door(), name, std::nullopt, std::move(f), throwPoolStopped);
}

template <class F>
auto waitForJob(const BlockingCore& core, const char* name, const BlockingOptions& options, F f) {
  return waitOnPool(
      core, name, [&core, &options, f = std::move(f)]() mutable { return f(core.jobs(options)); });
}

/// A std::promise that fails with PoolStopped when nobody keeps it.
template <class R>
class KeptPromise {
 public:
  KeptPromise() = default;
  KeptPromise(const KeptPromise&) = delete;
  KeptPromise& operator=(const KeptPromise&) = delete;
  ~KeptPromise() {
    if (!kept_) promise_.set_exception(poolGone().exception());
  }

  std::future<R> future() { return promise_.get_future(); }
  void keep(Outcome<R> outcome) {
    if (!outcome.ok()) {
      promise_.set_exception(outcome.failure().exception());
    } else if constexpr (std::is_void_v<R>) {
      promise_.set_value();
    } else {
      promise_.set_value(std::move(outcome).value());
    }
    kept_ = true;
  }

 private:
  std::promise<R> promise_;
  bool kept_ = false;
};

template <class R, class F>
std::future<R> submitFuture(const std::shared_ptr<BlockingCore>& core,
                            const BlockingOptions& options, F f) {
  auto promise = std::make_shared<KeptPromise<R>>();
  auto future = promise->future();
  auto job = std::make_shared<F>(std::move(f));
  core->door()->post([core, options, promise, job] {
    maybeDeferred([&] {
      return (*job)(core->jobs(options));
    }).addBoth([promise](Outcome<R> outcome) { promise->keep(std::move(outcome)); });
  });
  return future;
}

}  // namespace detail
}  // namespace phial::inline v1

#pragma GCC visibility pop
