// A Reactor on a thread of its own, for a program that has no loop and wants one. After Crochet.
//
//     phial::ReactorThread loop;
//     auto& pool = loop.own<phial::ProcessPool>(phial::PoolOptions{.max = 4});
//     auto result = loop.runInReactor([&] { return pool.deferToProcess<isPrime>(n); });
//     std::puts(result.wait(5s) ? "prime" : "composite");
//
// Everything of Phial's that belongs to a loop is made, used and destroyed there: in functions
// given to runInReactor and waitFor, or by own(). A program that only wants a pool uses
// BlockingPool.
//
// Life: the constructor returns when the loop runs. stop(), or the destructor, ends it in this
// order: what atEnd() was given, and the objects of own(), from the last to the first, each for at
// most ReactorThreadOptions::stopWithin; then the loop stops, and threads that still wait get
// ReactorStopped; then the objects and the Reactor are destroyed on the loop's thread. The
// destructor waits for all this. Destroyed by a callback of its own loop it does not wait: the
// thread ends by itself soon after.
//
// Thread rule: any thread, except where a member says otherwise. The loop's thread handles no
// signals.
//
// Fork: in a forked process the copy does nothing, and every call throws ReactorStopped.
#pragma once

#include <phial/master/eventual_result.h>
#include <phial/master/pool_options.h>
#include <phial/master/reactor.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

struct ReactorThreadOptions {
  /// The thread's name; the system shows 15 bytes of it.
  std::string name = "phial-reactor";
  /// How long the end of each thing may take: jobs of a pool go on for so long, then its workers
  /// are killed. Default 10 s. Price of a long time: the destructor takes as long.
  Duration stopWithin = std::chrono::seconds(10);
};

namespace detail {
/// Can be stopped as a Pool is.
template <class T>
concept Stoppable = requires(T& object, StopOptions options) {
  { object.stop(options) } -> std::same_as<Deferred<void>>;
};
}  // namespace detail

class ReactorThread {
 public:
  /// Throws Error when the system has no thread or descriptor to give.
  explicit ReactorThread(ReactorThreadOptions options = {});
  ~ReactorThread();
  ReactorThread(const ReactorThread&) = delete;
  ReactorThread& operator=(const ReactorThread&) = delete;

  /// Lives until the destructor. Use it on the loop's thread, except for callFromThread,
  /// blockingCallFromThread and what takes it by reference here.
  Reactor& reactor() const;

  /// Ends the loop as described above and waits for it; reactor() lives on, stopped. Harmless when
  /// called again. Throws std::logic_error on the loop's thread.
  void stop();

  /// As phial::runInReactor, retrieve and waitFor.
  template <class F>
  auto runInReactor(F f) const {
    return phial::runInReactor(reactor(), std::move(f));
  }
  template <class T>
  EventualResult<T> retrieve(std::uint64_t number) const {
    return phial::retrieve<T>(reactor(), number);
  }
  template <class F>
  auto waitFor(Duration timeout, F f) const {
    return phial::waitFor(reactor(), timeout, std::move(f));
  }

  /// Makes a T(reactor, args...) on the loop's thread, such as a ProcessPool, and keeps it until
  /// the end, where its stop({.within = stopWithin}) is waited for if it has one. Throws what the
  /// constructor throws; ReactorStopped after the end; std::logic_error on the loop's thread.
  template <class T, class... A>
  T& own(A&&... args) {
    return *blockingCallFromThread(reactor(), [&] {
      auto made = std::make_shared<T>(reactor(), std::forward<A>(args)...);
      T* const object = made.get();
      std::function<Deferred<void>()> end;
      if constexpr (detail::Stoppable<T>) {
        end = [object, within = stopWithin()] { return object->stop({.within = within}); };
      }
      keep(std::move(made), std::move(end));
      return object;
    });
  }

  /// Calls `f` on the loop's thread when the loop is to end, and waits for its Deferred, for at
  /// most stopWithin. The last one added is called first. A failure is reported as an unhandled
  /// error. Throws ReactorStopped after the end; std::logic_error on the loop's thread.
  void atEnd(std::function<Deferred<void>()> f);

 private:
  class Core;

  Duration stopWithin() const;
  // On the loop's thread.
  void keep(std::shared_ptr<void> object, std::function<Deferred<void>()> end);

  std::shared_ptr<Core> core_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
