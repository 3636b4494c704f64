// The event loop that a program and its pools share.
//
// One libevent event_base drives descriptors, timers, child processes and, through a LoopBridge,
// the promises of KJ. A Reactor either owns its event_base or joins the base of a host program. It
// takes nothing else from the host: no signal handlers, no SIGCHLD, no atexit, no global setting of
// libevent. Names and meanings are those of Twisted's IReactorCore, IReactorTime and IReactorFDSet,
// in camelCase.
//
// Thread rule: a Reactor belongs to the thread that made it. Other threads may call only
// callFromThread, and blockingCallFromThread of blocking_call.h. run(), stop() and every call that
// submits a job throw std::logic_error on another thread; the message names both threads. In debug
// builds every member that changes the Reactor does so.
//
// Several Reactors on one thread: KJ allows one loop for each thread, so all Reactors of a thread
// share one event_base. Two libraries of a program may each make a Reactor: the first Reactor makes
// or joins the base, and the others join the same base. run(), stop() and running() act on the
// shared loop. Each Reactor has its own pending calls, watches and error hook.
//
// Life: a Reactor is made before everything that uses it, and destroyed after it, never inside one
// of its own callbacks. Reactors that share a loop may be destroyed in any order; an event_base
// that the first Reactor owned is destroyed with the last. When a Reactor ends, its delayed calls,
// calls from threads and watches are dropped without being called, and everything that they hold is
// destroyed. A Watch or DelayedCall that outlives its Reactor does nothing.
//
// Fork: in a process forked from the Reactor's own, the copy is inert, so that the epoll set,
// timers and pipes that both processes share stay the parent's. run(), fd(), dispatch(),
// nextTimeout() and spawnProcess() throw std::logic_error; the other members, the destructor
// included, do nothing. The child may make a Reactor of its own at once. If the child goes on using
// the host's event_base, it must call event_reinit(3) first, as libevent requires.
//
// Errors: an exception cannot unwind through libevent's C code. If a callback throws, the exception
// goes to the hook of onCallbackError, and the loop goes on.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/deferred.h>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

struct event_base;

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {
class WatchState;
struct SystemTrigger;
}  // namespace phial::inline v1::detail

namespace phial::inline v1 {

class Cooperator;
class Process;
class ProcessProtocol;
class ProcessTransport;
class ThreadPool;
struct ProcessSpawnOptions;
struct SpawnOptions;

namespace detail {
class ThreadDoor;
}  // namespace detail

/// Watches a descriptor. Dropping the Watch ends the watching, also inside its own callback. The
/// descriptor is borrowed: close it after the Watch is gone.
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
  /// Ends the watching: the callback is not called again. Harmless when nothing is watched.
  void stop();

 private:
  std::shared_ptr<detail::WatchState> state_;
};

/// When a system event trigger is called, after Twisted's phases of the shutdown.
enum class SystemEventPhase {
  before,  ///< while everything still works; the Deferreds that are returned are waited for
  during,  ///< when all of `before` have ended
  after,   ///< last
};

/// Names a trigger, for removeSystemEventTrigger. Copyable; dropping it removes nothing.
class SystemEventTrigger {
 public:
  /// Names no trigger.
  SystemEventTrigger() = default;
  explicit SystemEventTrigger(std::weak_ptr<detail::SystemTrigger> trigger)
      : trigger_(std::move(trigger)) {}

 private:
  friend class Reactor;
  std::weak_ptr<detail::SystemTrigger> trigger_;
};

class Reactor final : public Clock {
 public:
  /// Makes an event_base of its own, without libevent's locking. Throws Error when the system
  /// refuses a descriptor, std::logic_error when this thread already has a Reactor or a KJ loop.
  Reactor();
  /// Joins `base`, which is borrowed and must outlive the Reactor. The host may go on dispatching
  /// the base, or use run(). While the Reactor exists the base always has an event, so
  /// event_base_dispatch returns only when stop() or one of libevent's loop exits ends it. Throws
  /// std::invalid_argument when `base` is null, std::logic_error, naming both bases, when this
  /// thread has a Reactor on another base, Error when the system refuses a descriptor. Costs two
  /// descriptors, also when the loop is shared.
  explicit Reactor(event_base* base);
  ~Reactor() override;
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  /// Runs the loop until stop(), event_base_loopbreak or event_base_loopexit ends it. May be called
  /// again afterwards. REQUIRES: not inside a callback of this loop (std::logic_error; Error when
  /// the host is dispatching the base).
  void run();

  /// Ends the loop after the callback that runs now: run(), or the host's own dispatch, returns.
  /// Other callbacks that were due stay due for the next run. If there are system event triggers,
  /// the loop goes on until the last of them has ended. A second stop() is harmless. If
  /// stop() is called before the loop has begun for the first time, the loop ends in its first
  /// turn; Twisted raises ReactorNotRunning here, but then a chain that settles before run() would
  /// leave a program that never ends. After run() has returned stop() does nothing: otherwise it
  /// would end a later run() that waits for something else, such as the end of a pool.
  void stop();

  /// True from the first turn of the loop, whoever runs it, until stop(), or with system event
  /// triggers until the last has ended, or until the return of run().
  bool running() const;

  /// Calls `f` once, from the loop, after stop() and before the loop ends: for what a program must
  /// finish in order. `f` takes nothing and returns nothing or a Deferred<void>. Within a phase the
  /// order is that of the requests. In the phase `before` all are called at once, and the loop goes
  /// on until every Deferred that they have returned has a result; nothing bounds this time but the
  /// program (Deferred::addTimeout). In the other phases a Deferred is not waited for. An exception
  /// or failure in `before` goes to the hook of onCallbackError, and stops nothing. A trigger is
  /// forgotten when it is called: for a further run add it again. If the host's loopbreak, or an
  /// exception, ends the loop, no trigger is called; the triggers left over wait for the next
  /// stop(). Reactors that share a loop share its end; a Reactor that ends takes its triggers with
  /// it, uncalled. After Twisted's addSystemEventTrigger(phase, "shutdown", f).
  template <class F>
  SystemEventTrigger addSystemEventTrigger(SystemEventPhase phase, F f) {
    if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
      return addTrigger(phase, [f = std::move(f)]() mutable {
        f();
        return succeed();
      });
    } else {
      return addTrigger(phase, std::move(f));
    }
  }
  /// Forgets a trigger, and destroys its function. Returns false when the trigger has been called
  /// or removed before, or belongs to another loop.
  bool removeSystemEventTrigger(const SystemEventTrigger& trigger);

  /// The steady clock's time at this moment, not the time that libevent caches.
  TimePoint now() const override;

  /// As Clock::callLater. Precise to the kernel's timers, whatever the clock of the base.
  DelayedCall callLater(Duration delay, std::function<void()> f) override;

  /// Calls `f` in the first turn of the loop, in the order of the requests. If the loop is running
  /// already, calls `f` in its next turn.
  void callWhenRunning(std::function<void()> f);

  /// From any thread: calls `f` on the loop's thread, in the order of the requests. Blocks at most
  /// for the lock of the queue. Functions still queued when the Reactor ends are destroyed on its
  /// thread without a call. REQUIRES: the Reactor is alive; join the threads before it ends.
  void callFromThread(std::function<void()> f);

  /// Calls `f` on a thread of threadPool(). An exception of `f` is reported as an unhandled error.
  /// Throws Error when the pool has no thread and the system gives none. For a result use
  /// deferToThread (threads.h).
  void callInThread(std::function<void()> f);

  /// The Reactor's own threads: none at first, 10 at most, as Twisted suggests. Made at the first
  /// call. They end with the Reactor: its destructor waits until the functions that were given to
  /// them have run, the queued ones included.
  ThreadPool& threadPool();

  /// Advanced. Calls `f` after the callback that runs now has returned, before the loop asks the
  /// system for new events, and outside any KJ callback. Cheaper than callLater with a delay of
  /// zero, which costs a poll. An endless chain of such calls starves I/O.
  void callSoon(std::function<void()> f);

  /// Calls `f` in every turn in which `fd` is readable, at its end, or in error. Level-triggered:
  /// read until EAGAIN, or `f` is called again. Throws Error when `fd` cannot be watched, as a
  /// closed descriptor or a regular file.
  Watch addReader(int fd, std::function<void()> f);
  /// As addReader, for writing.
  Watch addWriter(int fd, std::function<void()> f);

  /// Starts a program; process.h documents the options. Takes well below a millisecond, whatever
  /// the size of this process. Throws SpawnError when the program cannot be started,
  /// std::invalid_argument when an option cannot be meant.
  Process spawnProcess(const SpawnOptions& options);
  /// Starts a program and reports to `protocol` what the program writes and how it ends. The
  /// Reactor keeps the protocol until then. process_protocol.h documents the rest; costs and errors
  /// are those of the call above. `args` are the arguments after argv[0].
  ProcessTransport spawnProcess(std::shared_ptr<ProcessProtocol> protocol, std::string program,
                                std::vector<std::string> args = {});
  ProcessTransport spawnProcess(std::shared_ptr<ProcessProtocol> protocol, std::string program,
                                std::vector<std::string> args, ProcessSpawnOptions options);

  /// Replaces the function that receives the exceptions of callbacks. The default writes the
  /// exception to the log at level error. The hook must not throw. An empty function restores the
  /// default.
  void onCallbackError(std::function<void(std::exception_ptr)> hook);

  /// The Cooperator of cooperate(reactor, work), made by the first call. It ends with the Reactor:
  /// tasks that are left then fail with SchedulerStopped, inside the Reactor's destructor.
  Cooperator& cooperator();

  /// For a program whose own loop is not libevent's: the one descriptor to watch for reading,
  /// level-triggered, on the Reactor's thread. It is readable when a descriptor or timer of the
  /// Reactor is due, and when a call from outside dispatch(), such as the submission of a job, has
  /// made something due. The loop waits for it at most nextTimeout(), then calls dispatch():
  ///
  ///     pollfd watched{.fd = reactor.fd(), .events = POLLIN};
  ///     while (!done) {
  ///       poll(&watched, 1, millisecondsUpTo(reactor.nextTimeout()));
  ///       reactor.dispatch();
  ///     }
  ///
  /// Owned by the event_base: do not read, close or change it. It stays the same. The first call
  /// costs an eventfd and some system calls; afterwards a call costs nothing. Throws Error when the
  /// event_base does not use plain epoll, or the system refuses a descriptor.
  int fd();
  /// Runs what is due and returns, without waiting. Calls that a callback makes due are run too,
  /// until there are none, stop() has ended the loop, or `most` has passed; a descriptor that has
  /// become ready meanwhile is left for the next dispatch(), and keeps fd() readable. The time is
  /// looked at between two turns of the loop: one turn is always made, and none is cut short. If
  /// the watcher is edge-triggered, repeat until poll(2) says that fd() is not readable. After
  /// stop(), when running() is false, dispatch() begins a new run. REQUIRES: not inside a callback
  /// of this loop (std::logic_error; Error when the host is dispatching the base).
  void dispatch(Duration most = std::chrono::milliseconds(10));
  /// How long a foreign loop may wait for fd() until it has to call dispatch() all the same: zero
  /// when something is due that the descriptor does not show, empty when the descriptor shows all.
  /// Ask again after every dispatch(). Round up to the loop's unit. Takes one step for each event
  /// of the event_base.
  std::optional<Duration> nextTimeout() const;

  /// The loop, for libevent's own functions. Owned by the Reactor or the host.
  event_base* base() const;

  /// Advanced. Throws std::logic_error on another thread than the Reactor's. The message names
  /// `call`, both threads and callFromThread. Costs one comparison.
  void requireThread(const char* call) const;

 private:
  friend class detail::ThreadDoor;
  SystemEventTrigger addTrigger(SystemEventPhase phase, std::function<Deferred<void>()> f);

  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
