// A pool of worker processes that compute on behalf of an event loop.
//
//   pool.deferToProcess<isPrime>(n).addCallback([](bool prime) { ... });
//
// The call returns at once with a Deferred. The arguments travel to a worker, a child process that
// the pool has spawned and watches; the result comes back through the loop. A crash of the function
// ends its worker and fails that one Deferred.
//
// Life: made on a Reactor, which outlives it. Workers start with start() or with the first job,
// more of them on demand up to `max`; idle ones above `min` stop after `maxIdle`. stop() ends the
// pool in order. The destructor kills what is left and reaps it.
//
// Promises, whatever dies: every Deferred handed out settles exactly once; a crash fails the job
// that ran and no other; no child, descriptor or timer is left; no call from the loop takes longer
// than a millisecond, spawning included.
//
// Thread rule: everything here belongs to the reactor's thread. Results arrive from the loop, never
// inside deferToProcess. Callbacks may call back in, stop the pool, or destroy it. Large memory is
// copied and freed by threads of the library's own, so that the loop need not: they run no code of
// the program's and handle no signal.
//
// After Ampoule's ProcessPool and Twisted's deferToThread.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/errors.h>
#include <phial/master/pool_observer.h>
#include <phial/master/pool_options.h>
#include <phial/master/reactor.h>
#include <phial/master/submit.h>
#include <phial/protocol/function_table.h>

#include <memory>
#include <ranges>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace phial {

namespace detail {

template <class... A>
inline constexpr bool kBeginsWithOptions = false;
template <class First, class... Rest>
inline constexpr bool kBeginsWithOptions<First, Rest...> =
    std::is_same_v<std::remove_cvref_t<First>, JobOptions>;

}  // namespace detail

class ProcessPool {
 public:
  /// Spawns nothing yet. Throws std::invalid_argument for options that contradict each other.
  ///
  /// In a process that was itself started as a worker but has not called serveIfWorker, this
  /// prints why and exits with kNeverServedStatus: such a program would spawn itself for ever.
  explicit ProcessPool(Reactor& reactor, PoolOptions options = {});
  /// As above with timeouts, deadlines and idle times on another clock, borrowed; for tests.
  ProcessPool(Reactor& reactor, PoolOptions options, Clock& clock);
  /// After stop() has fired, instant. Otherwise kills every worker, says so in the log, and fails
  /// what was queued or running with PoolStopped, from here: what its callbacks refer to need only
  /// outlive the pool. Does not wait: the Reactor reaps the killed workers, before its own end at
  /// the latest. A long queue makes it long, about a second for a million jobs; stop() spreads the
  /// same over the turns of the loop.
  ~ProcessPool();
  ProcessPool(const ProcessPool&) = delete;
  ProcessPool& operator=(const ProcessPool&) = delete;

  /// Runs `function(args...)` in a worker. The arguments are converted to the function's parameter
  /// types here and kept until the job has settled.
  ///
  /// So an argument that stays the caller's is copied before this returns: 64 MiB take 5 ms, for
  /// which the loop stops. One that is given away (std::move) is not, nor is one that is shared: a
  /// parameter that keeps a T also takes a std::shared_ptr<const T>, such as one of a std::vector
  /// for a std::span. What it points to must not change until the job has settled, and is let go of
  /// then. A large one of either kind is copied once, to where the worker reads it, a little in
  /// each turn of the loop.
  ///
  /// Fails with what the function threw (as a RemoteError, which Failure::check knows by the
  /// thrown type's name), or with WorkerDied, JobTimedOut, DeadlineExceeded, CancelledError,
  /// UnknownFunction, EncodingError, QueueFull, PoolStopped, PoisonJob or StartupFailed.
  /// Cancelling takes a queued job back; a running one is told to give up, and its worker is ended
  /// if it does not within `grace`.
  template <auto function, class... A>
    requires(!detail::kBeginsWithOptions<A...>)
  auto deferToProcess(A&&... args) {
    return submitLinked<function>(nullptr, std::forward<A>(args)...);
  }

  /// The same with options for this job.
  template <auto function, class... A>
  auto deferToProcess(JobOptions options, A&&... args) {
    return submitLinked<function>(std::make_unique<const JobOptions>(std::move(options)),
                                  std::forward<A>(args)...);
  }

  /// Runs the function that the worker registered as `name`, with arguments of the types given
  /// here. UnknownFunction when there is none; EncodingError when types or result do not fit.
  template <class Result, class... A>
  Deferred<Result> deferToProcess(std::string_view name, A&&... args) {
    return submitByName<Result>(nullptr, name, std::forward<A>(args)...);
  }

  /// The same with options for this job.
  template <class Result, class... A>
  Deferred<Result> deferToProcess(JobOptions options, std::string_view name, A&&... args) {
    return submitByName<Result>(std::make_unique<const JobOptions>(std::move(options)), name,
                                std::forward<A>(args)...);
  }

  /// Calls `function` for each element of `range` in the workers: its results in the order of the
  /// range; a Deferred<void> when it has none. A function of several parameters takes elements that
  /// are tuples of them.
  ///
  /// Elements travel in chunks, a job each, whose size follows the time that they are seen to take:
  /// see MapOptions. The range is read as chunks are submitted, a few for each worker at a time, so
  /// that neither the queue nor memory grows with it; an input range will do. It is moved in or
  /// copied; std::views::all of a container, or a span, lends it until the Deferred has settled.
  ///
  /// The first failure fails it, and the other chunks are cancelled. It is the failure that a job
  /// of that element alone would have, and its index() says which it was; when a worker dies, for
  /// all that the dead one has noted. Elements beside it may have run, and their results are lost.
  /// What is of no element fails it too: PoolStopped, StartupFailed, UnknownFunction, and whatever
  /// the range throws. It never meets QueueFull. Cancelling cancels every chunk.
  template <auto function, std::ranges::input_range Range>
  auto map(Range&& range) {
    return map<function>(MapOptions{}, std::forward<Range>(range));
  }
  template <auto function, std::ranges::input_range Range>
  auto map(MapOptions options, Range&& range);

  /// As map, but each element has an outcome of its own: Deferred<std::vector<Outcome<R>>>. A
  /// worker that dies, or is ended by a timeout, costs one element: the others of its chunk run
  /// again, which may end further workers, one for each such element and, where the dead worker
  /// has noted nothing, one for each halving of the chunk. With Rerun::never they fail with it.
  template <auto function, std::ranges::input_range Range>
  auto mapOutcomes(Range&& range) {
    return mapOutcomes<function>(MapOptions{}, std::forward<Range>(range));
  }
  template <auto function, std::ranges::input_range Range>
  auto mapOutcomes(MapOptions options, Range&& range);

  /// As map, but calls onResult(result) or onResult(index, result) for each element, in the order
  /// of the range, and keeps none: a Deferred<void>, for ranges without end too. For a function
  /// without result it is onResult() or onResult(index).
  ///
  /// Calls come from the loop, never inside forEach, and one at a time: when onResult returns a
  /// Deferred the next call waits for it. Meanwhile the pool goes on until so many results wait as
  /// said below: a slow consumer slows the pool down instead of filling memory. When onResult
  /// throws or its Deferred fails, so does this, and the rest is given up. After a failure, a
  /// cancellation, or the end of the pool it is not called any more. It is destroyed before the
  /// Deferred fires.
  ///
  /// Price of the order: results wait for those before them, at most 8 chunks a worker; an element
  /// that takes longer than those lets the other workers idle.
  template <auto function, std::ranges::input_range Range, class F>
  Deferred<void> forEach(Range&& range, F onResult) {
    return forEach<function>(MapOptions{}, std::forward<Range>(range), std::move(onResult));
  }
  template <auto function, std::ranges::input_range Range, class F>
  Deferred<void> forEach(MapOptions options, Range&& range, F onResult);

  /// forEach for mapOutcomes: onOutcome(outcome) or onOutcome(index, outcome).
  template <auto function, std::ranges::input_range Range, class F>
  Deferred<void> forEachOutcome(Range&& range, F onOutcome) {
    return forEachOutcome<function>(MapOptions{}, std::forward<Range>(range), std::move(onOutcome));
  }
  template <auto function, std::ranges::input_range Range, class F>
  Deferred<void> forEachOutcome(MapOptions options, Range&& range, F onOutcome);

  /// Starts `min` workers. Fires when so many are ready; fails with StartupFailed, or with
  /// PoolStopped. Calling it again is harmless.
  Deferred<void> start();

  /// Takes no more jobs, lets running ones end, and stops the workers. Queued jobs fail with
  /// PoolStopped. Fires when the last worker is reaped; never fails. May be called again, with
  /// stricter options too, and from callbacks.
  Deferred<void> stop(StopOptions options = {});

  /// Changes the number of workers: starts some when jobs wait or fewer than `min` live, stops
  /// idle ones above `max` at once and busy ones when their job has ended. Fires when `min` are
  /// ready, as start() does. Throws std::invalid_argument unless 1 <= max and min <= max.
  Deferred<void> adjustPoolSize(std::size_t min, std::size_t max);

  /// Replaces every worker by one of the program as it is on disk now, a rolling change: a new one
  /// is ready before an old one ends, with at most one above `max`, and no job fails. Old ones that
  /// are at a job end when it has; so does this, which fires when none of the old is left. Called
  /// again meanwhile it includes the workers started since.
  ///
  /// `worker` is looked up anew, in PATH too. Without it this very program's path is, from now on,
  /// where otherwise the pool starts the file that it was itself started from; a function whose
  /// signature has changed there then fails with EncodingError, and another build of Phial does not
  /// start. Workers that replace dead ones are always started from where the last reload() looked.
  ///
  /// Fails with StartupFailed when the new workers do not start (RestartOptions::failedStarts of
  /// them in a row), and the old ones go on; without `worker` the pool is back to the file it was
  /// started from. Fails with PoolStopped at stop(). Cancelling stops the waiting, not the change.
  Deferred<void> reload();

  /// Fires when fewer than `jobs` jobs are queued: at once if it is so, else from the loop, one
  /// waiter at a time in the order of their calls, each while it is so. That makes a producer that
  /// never meets QueueFull: wait, submit, repeat. Fails with PoolStopped once stop() was called.
  /// Cancelling forgets it. Throws std::invalid_argument for 0, which would never be.
  Deferred<void> whenBelow(std::size_t jobs);

  PoolStats stats() const;
  /// The living workers, in the order of their numbers.
  std::vector<WorkerStatus> workers() const;

  /// Tells `observer` of everything that happens from now on; null tells nobody. Shared with the
  /// caller. Price: some strings are copied for each event.
  void setObserver(std::shared_ptr<PoolObserver> observer);

  Reactor& reactor() const;

 private:
  using Options = std::unique_ptr<const JobOptions>;  // null: the default ones

  template <auto function, class... A>
  auto submitLinked(Options options, A&&... args);
  template <class Result, class... A>
  Deferred<Result> submitByName(Options options, std::string_view name, A&&... args);

  std::shared_ptr<detail::PoolCore> core_;
};

template <auto function, class... A>
auto ProcessPool::submitLinked(Options options, A&&... args) {
  using Traits = FunctionTraits<decltype(function)>;
  using Arguments = detail::ArgumentsOf<typename Traits::Signature>;
  static_assert(sizeof...(A) == Arguments::kCount,
                "deferToProcess: the function takes another number of arguments");
  // Puts the function into this program's table, which the worker serves.
  LinkedFunction<function>::require();
  static const detail::FunctionName name{functionName<function>(), functionSignature<function>()};
  return detail::submit<Stored<typename Traits::Result>>(
      *core_, std::move(options), name, Arguments::keepAll(*core_, std::forward<A>(args)...));
}

template <class Result, class... A>
Deferred<Result> ProcessPool::submitByName(Options options, std::string_view name, A&&... args) {
  using Arguments = detail::ArgumentsOf<void(detail::ParameterFor<A>...)>;
  return detail::submitByName<Result>(*core_, std::move(options), name,
                                      Arguments::keepAll(*core_, std::forward<A>(args)...));
}

}  // namespace phial

#include <phial/master/map.h>  // IWYU pragma: export
