// A process that runs jobs for a pool.
//
// A worker is spawned by a ProcessPool with its pipes in place (worker_contract.h). It answers the
// handshake, then runs jobs one after the other on its main thread, at the top level and outside
// any callback, so that a job may block, start threads or wait. It ends when it is told to, when
// its request pipe ends, or when the master dies.
//
// There are two styles. One binary that is its own worker calls serveIfWorker first thing in main.
// A worker executable of its own builds a Worker, adds functions, and returns serve().
#pragma once

#include <phial/protocol/chunk.h>
#include <phial/protocol/function_table.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace phial {

/// Whether a pool has started this process as a worker; false in what its jobs start in turn. May
/// be asked at any time, before main() included. Costs a look at the environment.
bool isWorker();

/// What a worker does beside its jobs.
struct WorkerHooks {
  /// See Worker::onStart.
  std::function<void()> onStart = {};
  /// See Worker::onStop.
  std::function<void()> onStop = {};
};

/// Returns at once in a process that no pool has spawned. In a worker it serves the functions that
/// this program passes to deferToProcess, and exits the process when done.
///
/// Call it before anything that a worker should not do: before options are parsed, ports bound,
/// threads started, output written. What master and workers both need, such as setlocale() or the
/// init function of a library, comes before it; what only workers need is for WorkerHooks::onStart.
/// A worker is given the program's name and no further argument, so nothing before this call may
/// insist on options.
void serveIfWorker(int argc, char** argv);
void serveIfWorker(int argc, char** argv, WorkerHooks hooks);

/// A worker with functions and hooks of its own. It also offers what the program passes to
/// deferToProcess, as serveIfWorker does.
class Worker {
 public:
  Worker();
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Offers `function` by its qualified name, such as "geometry::area", to ProcessPool::map and its
  /// kind too.
  template <auto function>
  Worker& add() {
    table().add<function>();
    if constexpr (detail::Mappable<function>) detail::addChunk<function>(table());
    return *this;
  }

  /// Offers `callable` by `name`. It needs one call operator, not overloaded, with Transferable
  /// parameters and result.
  template <class Callable>
  Worker& add(std::string name, Callable callable) {
    table().add(std::move(name), std::move(callable));
    return *this;
  }

  /// Runs `f` once, before the first job; several run in the order added. When one throws, the
  /// worker does not serve: the pool sees StartupFailed with the exception's text.
  Worker& onStart(std::function<void()> f);

  /// Runs `f` once, after the last job of an orderly end (not when the worker is killed); several
  /// run in reverse order.
  Worker& onStop(std::function<void()> f);

  /// Serves until the end and returns the exit status for main. Prints a line to stderr and
  /// returns kNotAWorkerStatus when no pool has spawned this process.
  [[nodiscard]] int serve(int argc, char** argv);

 private:
  FunctionTable& table();

  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace phial
