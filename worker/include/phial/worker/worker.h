// A process that runs jobs for a pool.
//
// A ProcessPool spawns a worker with its pipes in place (worker_contract.h). The worker answers the
// handshake, then runs jobs one after the other on its main thread, at the top level and outside
// any callback, so a job may block, start threads or wait. The worker ends when it is told to, when
// its request pipe ends, or when the master dies.
//
// There are two styles. A program that is its own worker calls serveIfWorker at the top of main. A
// separate worker program makes a Worker, adds functions, and returns serve().
#pragma once

#include <phial/protocol/chunk.h>
#include <phial/protocol/function_table.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// True if a pool has started this process as a worker. False in a program that a job has started;
/// still true in a child that a job has forked. May be called at any time, also before main().
/// Costs a look at the environment.
bool isWorker();

/// What a worker does besides its jobs.
struct WorkerHooks {
  /// See Worker::onStart.
  std::function<void()> onStart = {};
  /// See Worker::onStop.
  std::function<void()> onStop = {};
};

/// In a process that no pool has started, returns at once. In a worker, serves the functions that
/// this program passes to deferToProcess, then exits the process.
///
/// Call it before everything that a worker should not do: before options are parsed, ports bound,
/// threads started, output written. What master and workers both need, such as setlocale() or a
/// library's init function, goes before it. What only workers need goes into WorkerHooks::onStart.
/// A worker gets the program's name and no further argument, so nothing before this call may
/// require options.
void serveIfWorker(int argc, char** argv);
void serveIfWorker(int argc, char** argv, WorkerHooks hooks);

/// A worker with functions and hooks of its own. It also offers the functions that the program
/// passes to deferToProcess, as serveIfWorker does.
class Worker {
 public:
  Worker();
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Offers `function` by its qualified name, such as "geometry::area", to deferToProcess, and to
  /// map and forEach if it takes an argument. Returns *this.
  template <auto function>
  Worker& add() {
    static_assert(!detail::kNamedFunction<decltype(function)>,
                  "a phial::Function has no body: write worker.add<kFunction>(callable)");
    table().add<function>();
    if constexpr (detail::Mappable<function>) detail::addChunk<function>(table());
    return *this;
  }

  /// Offers `callable` as `name`. It must have exactly one call operator, with Transferable
  /// parameters and result. Returns *this.
  template <class Callable>
  Worker& add(std::string name, Callable callable) {
    table().add(std::move(name), std::move(callable));
    return *this;
  }

  /// Offers `callable` as the phial::Function `function`, to deferToProcess<function>, map and
  /// forEach. It must be callable as the function's type says. Returns *this.
  template <auto function, class Callable>
    requires detail::kNamedFunction<decltype(function)>
  Worker& add(Callable callable) {
    if constexpr (detail::checkNamed<function, Callable>()) {
      detail::addNamed<function>(table(), std::move(callable));
    }
    return *this;
  }

  /// Runs `f` once, before the first job. Several functions run in the order in which they were
  /// added. If one throws, the worker does not serve, and the pool reports StartupFailed with the
  /// exception's text.
  Worker& onStart(std::function<void()> f);

  /// Runs `f` once, after the last job, when the worker ends in order; not when it is killed, did
  /// not start, or is damaged. Several functions run in reverse order. If one throws, the others
  /// are skipped, a line goes to stderr, and the exit status is kCannotServeStatus.
  Worker& onStop(std::function<void()> f);

  /// Serves until the end and returns the exit status for main. If no pool has started this
  /// process, prints a line to stderr and returns kNotAWorkerStatus.
  [[nodiscard]] int serve(int argc, char** argv);

 private:
  FunctionTable& table();

  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
