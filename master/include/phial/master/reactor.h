// The event loop that a program and its pools share.
//
// One libevent event_base drives descriptors, timers, child processes and, through a LoopBridge,
// the promises of KJ. A Reactor either owns its event_base or joins the one a host program has
// already; from a host's it takes nothing: no signal handlers, no SIGCHLD, no atexit, no global
// setting of libevent's. The names and meanings are those of Twisted's IReactorCore, IReactorTime
// and IReactorFDSet, in camelCase.
//
// Thread rule: a Reactor belongs to the thread that made it. callFromThread is the only member that
// other threads may call. run(), stop() and whatever submits a job throw std::logic_error on a
// wrong thread; it names both threads. In debug builds every member does.
// Several on one thread: KJ allows one loop a thread, so all Reactors of a thread share one
// event_base. Two libraries of one program may make a Reactor each: the first makes or joins the
// base, the others join the same. run(), stop() and running() are of the loop that they share;
// pending calls, watches and the hook for errors are each Reactor's own.
// Life: made before and destroyed after everything that uses it, never from one of its own
// callbacks. Reactors that share a loop may be destroyed in any order; an event_base that the first
// one owned goes with the last. What is left at a Reactor's end (delayed calls, calls from threads,
// watches) is dropped unmade, with all that it holds; a Watch or DelayedCall that outlives it is
// inert.
// Fork: in a process forked from the Reactor's own its copy is inert. run() and spawnProcess()
// throw std::logic_error; everything else does nothing, the destructor included, so that the epoll
// set, timers and pipes that both processes share stay the parent's. The child may make a Reactor
// of its own at once. A child that goes on with the host's event_base calls event_reinit(3) first,
// as libevent asks.
// Errors: a callback that throws cannot unwind through libevent's C code. The exception goes to the
// hook of onCallbackError and the loop goes on.
#pragma once

#include <event2/event.h>
#include <phial/master/clock.h>

#include <exception>
#include <functional>
#include <memory>

namespace phial {

class Process;
struct SpawnOptions;

namespace detail {
class WatchState;
}

/// A descriptor being watched; dropping it ends the watching, also from inside its own callback.
/// The descriptor is borrowed: close it after the Watch is gone, not before.
class [[nodiscard]] Watch {
 public:
  /// Watches nothing.
  Watch() = default;
  explicit Watch(std::shared_ptr<detail::WatchState> state) : state_(std::move(state)) {}
  Watch(Watch&&) noexcept = default;
  Watch& operator=(Watch&& other) noexcept;
  ~Watch() { stop(); }

  /// True until stop() or the end of the Reactor.
  bool active() const;
  /// Ends the watching: the callback is not called again. Harmless when there is none.
  void stop();

 private:
  std::shared_ptr<detail::WatchState> state_;
};

class Reactor final : public Clock {
 public:
  /// Owns an event_base of its own, made without libevent's locking. Throws Error when the system
  /// refuses a descriptor, std::logic_error when this thread has a Reactor or a KJ loop already.
  Reactor();
  /// Joins `base`, which is borrowed and must outlive the Reactor. The host may go on dispatching
  /// it by itself or use run(). While the Reactor exists the base is never out of events, so that
  /// event_base_dispatch returns only when told to, by stop() or by libevent's own loop exits.
  /// Throws std::logic_error, which names both bases, when this thread has a Reactor on another
  /// one. Costs two descriptors, also when it shares another Reactor's loop.
  explicit Reactor(event_base* base);
  ~Reactor() override;
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  /// Runs the loop until stop(), or until the host ends it with event_base_loopbreak or -exit. May
  /// be called again afterwards. REQUIRES: not inside a callback of this loop (std::logic_error).
  void run();

  /// Ends the loop after the callback that runs now: run(), or the host's own dispatch, returns.
  /// Other callbacks that were due stay due for the next run; a second stop() is harmless. Before
  /// the loop has begun for the first time stop() is remembered, and the loop ends in its first
  /// turn: where Twisted raises ReactorNotRunning, a chain that has settled before run() would
  /// otherwise leave a program that never ends. After run() has returned stop() does nothing: it
  /// would end a later run() that waits for something else, such as the end of a pool.
  void stop();

  /// True from the first turn of the loop, whoever runs it, until stop() or the return of run().
  bool running() const;

  /// The steady clock's time at this moment, not libevent's cached one.
  TimePoint now() const override;

  /// As Clock says. Precise to the kernel's timers, whatever the base's own clock.
  DelayedCall callLater(Duration delay, std::function<void()> f) override;

  /// Calls `f` in the first turn of the loop, in the order of asking; in the next turn when the
  /// loop is running already.
  void callWhenRunning(std::function<void()> f);

  /// From any thread: calls `f` on the loop's thread, in the order of asking. Never blocks for
  /// longer than the queue's lock. What is queued when the Reactor ends is destroyed there without
  /// having run. REQUIRES: the Reactor is alive; see to that by joining threads before it ends.
  void callFromThread(std::function<void()> f);

  /// Advanced. Calls `f` once the callback that runs now has returned, before the loop asks the
  /// system for new events, and outside any KJ callback: a zero-delay callLater without the price
  /// of a poll. A chain of these that does not end keeps I/O from being looked at.
  void callSoon(std::function<void()> f);

  /// Calls `f` in every turn in which `fd` is readable (or at its end, or failed); level-triggered,
  /// so read until EAGAIN or expect to be called again. Throws Error when `fd` cannot be watched:
  /// closed, or a regular file.
  Watch addReader(int fd, std::function<void()> f);
  /// The same for writing.
  Watch addWriter(int fd, std::function<void()> f);

  /// Starts a program; process.h says how. Takes well below a millisecond, whatever the size of
  /// this process. Throws SpawnError when the program cannot be started, std::invalid_argument when
  /// the options cannot be meant.
  Process spawnProcess(const SpawnOptions& options);

  /// Replaces what happens to an exception that a callback let escape. The default writes it to the
  /// log as an error. The hook must not throw. An empty function restores the default.
  void onCallbackError(std::function<void(std::exception_ptr)> hook);

  /// The loop, for libevent's own functions. Owned by the Reactor or the host.
  event_base* base() const;

  /// Advanced. Throws std::logic_error on any thread but the Reactor's. The message names `call`,
  /// both threads and callFromThread. Costs a comparison.
  void requireThread(const char* call) const;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace phial
