// A pool of worker processes for a program without a loop.
//
//     phial::BlockingPool pool({.max = 4});
//     const bool prime = pool.call<isPrime>(2305843009213693951u);
//     const std::vector<bool> primes = pool.map<isPrime>(std::views::iota(1u, 10'000u));
//     pool.forEach<isPrime>(numbers, [&](std::size_t i, bool prime) { ... });  // on this thread
//
// Each call waits and returns the result, or throws the exception that the Deferred of a
// ProcessPool would fail with: what the function threw, WorkerDied, JobTimedOut, QueueFull and so
// on. submit() does not wait and returns a std::future. There is a ProcessPool below, on a loop in
// a thread of its own; process_pool.h says how it grows, and what happens when workers die.
//
// Arguments convert as those of Submitter::deferToProcess do, on the calling thread: text views and
// spans are copied there, what is given away is moved, and a std::shared_ptr<const T> is shared. An
// argument that does not fit is an EncodingError, and counts nowhere in stats().
//
// Life: the constructor returns when the loop runs; workers start with start() or with the first
// call. stop() ends the pool in order. The destructor kills the workers that are left, and waits
// for them to be gone. Calls that other threads are waiting in then throw PoolStopped, and so does
// every later call of a handle from with(); the futures fail with PoolStopped, too.
//
// Thread rule: any thread may call any member, and several at once. PoolOptions::onLog and
// JobOptions::onProgress are called on the loop's thread: there every call that waits is a
// std::logic_error.
//
// Fork: in a process forked from the pool's own every call throws PoolStopped.
#pragma once

#include <phial/master/detail/blocking_core.h>
#include <phial/master/detail/blocking_results.h>
#include <phial/master/errors.h>
#include <phial/master/pool_options.h>
#include <phial/master/submitter.h>

#include <future>
#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {
struct BlockingAccess;
}  // namespace detail

/// The calls, as a handle: copy it, keep it, give it to other threads. It may outlive its pool.
class BlockingSubmitter {
 public:
  /// Returns a handle whose calls use `options` on top of this one's. See Submitter::with.
  BlockingSubmitter with(JobOptions options) const;
  BlockingSubmitter with(MapOptions options) const;

  /// Runs `function(args...)` in a worker, waits, and returns its result. For a limit of time use
  /// with({.timeout = 5s}) for its running, or `.deadline` for all.
  template <auto function, class... A>
  detail::ResultOfCall<function> call(A&&... args) const {
    if constexpr (detail::checkBlockingCall<function, A...>()) {
      return wait("BlockingPool::call", jobOf<function>(std::forward<A>(args)...));
    } else {
      return detail::neverReturned<detail::ResultOfCall<function>>();
    }
  }

  /// Calls `function` in the workers for each element of `range`, waits, and returns the results in
  /// the order of the range; nothing when the function has no result. The first failure is thrown,
  /// and the remaining elements are given up. See Submitter::map.
  ///
  /// The range is read on the loop's thread while this call waits, a little at a time: a container
  /// is neither copied nor changed. Code of the range's own, such as that of a
  /// std::views::transform, runs there too, and other calls wait meanwhile.
  template <auto function, std::ranges::input_range Range>
  auto map(Range&& range) const {
    return wait("BlockingPool::map",
                [&range](const Submitter& jobs) { return jobs.map<function>(lend<Range>(range)); });
  }

  /// As map, but each element has its own outcome, and no failure of an element is thrown. See
  /// Submitter::mapOutcomes.
  template <auto function, std::ranges::input_range Range>
  auto mapOutcomes(Range&& range) const {
    return wait("BlockingPool::mapOutcomes", [&range](const Submitter& jobs) {
      return jobs.mapOutcomes<function>(lend<Range>(range));
    });
  }

  /// As map, but calls onResult(std::size_t index, R result) for each element, in the order of the
  /// range, and keeps no results; onResult(std::size_t index) when the function has no result.
  /// Suited to ranges without end. See Submitter::forEach.
  ///
  /// onResult is called on this thread, while forEach waits: it needs no lock for what this thread
  /// alone uses, it may call the pool, and other threads' calls go on meanwhile. A slow onResult
  /// slows the workers down. If onResult throws, forEach gives up the remaining elements and throws
  /// the same exception. The first failure of an element is thrown after the results before it.
  template <auto function, std::ranges::input_range Range, class F>
  void forEach(Range&& range, F onResult) const {
    using Value = typename detail::ResultItems<detail::ResultOfCall<function>>::Value;
    if constexpr (detail::checkEach<function, Range, F, Value>()) {
      each<Value>("BlockingPool::forEach", onResult, [&](const Submitter& jobs, auto relay) {
        return jobs.forEach<function>(lend<Range>(range), std::move(relay));
      });
    }
  }

  /// As forEach, with outcomes as in mapOutcomes: calls onOutcome(std::size_t index, Outcome<R>
  /// outcome).
  template <auto function, std::ranges::input_range Range, class F>
  void forEachOutcome(Range&& range, F onOutcome) const {
    using Value = typename detail::OutcomeItems<detail::ResultOfCall<function>>::Value;
    if constexpr (detail::checkEach<function, Range, F, Value>()) {
      each<Value>("BlockingPool::forEachOutcome", onOutcome,
                  [&](const Submitter& jobs, auto relay) {
                    return jobs.forEachOutcome<function>(lend<Range>(range), std::move(relay));
                  });
    }
  }

  /// Runs `function(args...)` in a worker and returns its result as a future. Does not wait.
  /// Dropping the future cancels nothing. Do not wait for it on the loop's thread.
  template <auto function, class... A>
  std::future<detail::ResultOfCall<function>> submit(A&&... args) const {
    using R = detail::ResultOfCall<function>;
    if constexpr (detail::checkBlockingCall<function, A...>()) {
      return detail::submitFuture<R>(core_, options_, jobOf<function>(std::forward<A>(args)...));
    } else {
      return {};
    }
  }

 protected:
  explicit BlockingSubmitter(std::shared_ptr<detail::BlockingCore> core) : core_(std::move(core)) {}

  detail::BlockingCore& core() const { return *core_; }

 private:
  friend struct detail::BlockingAccess;  // of phial/asio.h and its kind

  /// A function that submits the call on the loop's thread, with arguments that are its own.
  template <auto function, class... A>
  static auto jobOf(A&&... args) {
    return [given = detail::ownArguments<function>(std::forward<A>(args)...)](
               const Submitter& jobs) mutable {
      return std::apply(
          [&](auto&... each) { return jobs.deferToProcess<function>(std::move(each)...); }, given);
    };
  }
  /// The range of a call that waits, for the pool to read: a container is lent, a temporary given.
  template <class Range>
  static auto lend(std::remove_reference_t<Range>& range) {
    if constexpr (std::is_lvalue_reference_v<Range>) {
      return std::views::all(range);
    } else {
      return std::move(range);
    }
  }
  template <class Value, class F, class Begin>
  void each(const char* name, F& f, Begin begin) const {
    const auto core = core_;  // the pool may be destroyed meanwhile
    detail::eachOnThisThread<Value>(*core, name, options_, std::move(begin), f);
  }
  template <class F>
  auto wait(const char* name, F f) const {
    const auto core = core_;  // the pool may be destroyed meanwhile
    return detail::waitForJob(*core, name, options_, std::move(f));
  }

  std::shared_ptr<detail::BlockingCore> core_;
  detail::BlockingOptions options_;
};

class BlockingPool final : public BlockingSubmitter {
 public:
  /// Throws std::invalid_argument, naming the field, when an option is out of range; Error when the
  /// system has no thread or descriptor to give. Starts no worker yet.
  explicit BlockingPool(PoolOptions options = {});
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  /// Waits until `min` workers are ready. Throws StartupFailed or PoolStopped.
  void start();

  /// Ends the pool and waits for the end: running jobs go on to theirs, queued jobs fail with
  /// PoolStopped unless StopOptions::drainQueue is set. May be called again.
  void stop(StopOptions options = {});

  /// A snapshot of the counters. After the end of the pool's loop, as in a forked process, throws
  /// PoolStopped.
  PoolStats stats() const;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
