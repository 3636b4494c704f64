// The calls that a pool takes, as a handle.
//
//   pool.deferToProcess<isPrime>(n).addCallback([](bool prime) { ... });
//   pool.with({.timeout = 5s}).deferToProcess<isPrime>(n);
//
// Every pool is a Submitter. with() returns another one, whose calls go to the same pool with
// options of their own. It is light: copy it, keep it, pass it to code that need not know where the
// workers are.
//
// Life: a Submitter may outlive its pool, and the Reactor; after the pool's end each call on it
// returns a Deferred that has failed with PoolStopped.
//
// Arguments convert as in a plain call of the function, by implicit conversions. These do not
// compile, and the error says which argument it is: a floating-point number for an integer, a
// pointer for a bool, nullptr, an object of a derived class for its base, a number inside an
// optional, pair, tuple, variant or duration whose type may not fit, and functions that take a
// non-const reference. A std::string_view may be given for a std::string. Braces cannot be passed:
// write T{...}. Of overloaded functions one is named by phial::overload<R(A...)>(f).
//
// Nothing fires inside a call, and nothing about an argument's value throws there: every result and
// every refusal, QueueFull included, arrives from the loop. The pool's ledger counts a refused job
// as submitted and as failed.
//
// Thread rule: everything here belongs to the reactor's thread.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/errors.h>
#include <phial/master/pool_options.h>
#include <phial/master/submit.h>
#include <phial/protocol/function_table.h>

#include <concepts>
#include <memory>
#include <ranges>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace phial {

namespace detail {

/// What the Submitters of one pool share.
struct PoolLink {
  std::shared_ptr<PoolCore> core;  ///< null once the pool has ended
};

/// For a call after the pool's end.
Failure poolGone();

/// A registered function's name. Not made from `{}`, which once was taken for a name.
class CalledName {
 public:
  template <std::convertible_to<std::string_view> Name>
  CalledName(const Name& name) : name_(viewOf(name)) {}  // NOLINT: a name is written as text

  std::string_view view() const { return name_; }

 private:
  static std::string_view viewOf(std::string_view name) { return name; }
  static std::string_view viewOf(const char* name) {
    return name != nullptr ? std::string_view(name) : std::string_view();
  }

  std::string_view name_;
};

/// Callable objects and functions given as an argument, where a name belongs.
template <class F>
concept GivenFunction = PlainCallable<std::decay_t<F>> || std::is_member_function_pointer_v<F>;

/// How calls with options were written once.
template <class... T>
consteval void refuseOptionsFirst() {
  static_assert(kNever<T...>,
                "options do not come first: write pool.with(options).deferToProcess<f>(args...), "
                "and the same for map, mapOutcomes, forEach and forEachOutcome.");
}

template <auto function>
using ResultOfCall = typename ResultOf<decltype(function)>::Type;

}  // namespace detail

/// Names one of several functions that share a name: overload<double(double)>(half).
template <class Signature>
constexpr Signature* overload(Signature* function) {
  return function;
}

class Submitter {
 public:
  Submitter(const Submitter&) = default;
  Submitter& operator=(const Submitter&) = default;

  /// The same pool with these options for every call. They add to those that this Submitter has:
  /// of two values for a field the later one counts, and a field with its default value counts as
  /// not set. Costs one allocation, which all calls share. (In a compiler's error: a field is
  /// unknown, or not in the order in which the struct declares it.)
  Submitter with(JobOptions options) const;  // fields and their order: see JobOptions
  Submitter with(MapOptions options) const;  // fields and their order: see MapOptions

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
  /// Fails with what the function threw: Failure::fromJob() is true then. An exception of the
  /// standard library's arrives as itself, with its text and code; any other as a RemoteError,
  /// which Failure::check knows by the thrown type's name. Or it fails with WorkerDied,
  /// JobTimedOut, DeadlineExceeded, CancelledError, UnknownFunction, EncodingError, QueueFull,
  /// PoolStopped, PoisonJob or StartupFailed. An integer
  /// that does not fit its parameter, a null const char*, and an argument whose copy throws are
  /// EncodingErrors. Cancelling takes a queued job back; a running one is told to give up, and its
  /// worker is ended if it does not within `grace`.
  template <auto function, class... A>
  Deferred<detail::ResultOfCall<function>> deferToProcess(A&&... args) const;

  /// Runs the function that the worker registered as `name`, with arguments of the types given
  /// here. UnknownFunction when there is none; EncodingError when types or result do not fit.
  template <class Result, class... A>
  Deferred<Result> deferToProcess(detail::CalledName name, A&&... args) const;

  /// Calls `function` for each element of `range` in the workers: its results in the order of the
  /// range; a Deferred<void> when it has none. A function of several parameters takes elements that
  /// are tuples of them. Elements convert as arguments do.
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
  auto map(Range&& range) const;

  /// As map, but each element has an outcome of its own: Deferred<std::vector<Outcome<R>>>. A
  /// worker that dies, or is ended by a timeout, costs one element: the others of its chunk run
  /// again, which may end further workers, one for each such element and, where the dead worker
  /// has noted nothing, one for each halving of the chunk. With Rerun::never they fail with it.
  template <auto function, std::ranges::input_range Range>
  auto mapOutcomes(Range&& range) const;

  /// As map, but calls onResult(std::size_t index, R result) for each element, in the order of the
  /// range, and keeps none: a Deferred<void>, for ranges without end too. For a function without
  /// result it is onResult(std::size_t index).
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
  Deferred<void> forEach(Range&& range, F onResult) const;

  /// forEach for mapOutcomes: onOutcome(std::size_t index, Outcome<R> outcome).
  template <auto function, std::ranges::input_range Range, class F>
  Deferred<void> forEachOutcome(Range&& range, F onOutcome) const;

  // --- Not to be called: each says in an error what to write ---

  template <auto function, class... A>
  Deferred<detail::ResultOfCall<function>> deferToProcess(JobOptions, A&&...) const {
    detail::refuseOptionsFirst<A...>();
    return {};
  }
  template <class Result, class... A>
  Deferred<Result> deferToProcess(JobOptions, A&&...) const {
    detail::refuseOptionsFirst<Result>();
    return {};
  }
  template <auto function, class Range>
  Deferred<std::vector<detail::ResultOfCall<function>>> map(MapOptions, Range&&) const {
    detail::refuseOptionsFirst<Range>();
    return {};
  }
  template <auto function, class Range>
  Deferred<std::vector<Outcome<detail::ResultOfCall<function>>>> mapOutcomes(MapOptions,
                                                                             Range&&) const {
    detail::refuseOptionsFirst<Range>();
    return {};
  }
  template <auto function, class Range, class F>
  Deferred<void> forEach(MapOptions, Range&&, F&&) const {
    detail::refuseOptionsFirst<Range>();
    return {};
  }
  template <auto function, class Range, class F>
  Deferred<void> forEachOutcome(MapOptions, Range&&, F&&) const {
    detail::refuseOptionsFirst<Range>();
    return {};
  }
  template <detail::GivenFunction F, class... A>
  Deferred<typename detail::ResultOf<std::decay_t<F>>::Type> deferToProcess(F&&, A&&...) const {
    static_assert(detail::kNever<F>,
                  "the function belongs into the angle brackets, so that the worker finds it by "
                  "its name: write deferToProcess<f>(args...). A lambda with captures cannot "
                  "travel: write a function and give what it captured as arguments.");
    return {};
  }

 protected:
  explicit Submitter(std::shared_ptr<detail::PoolLink> link) : link_(std::move(link)) {}

  detail::PoolLink& link() const { return *link_; }

 private:
  using Options = detail::Ref<detail::CallOptions>;  // null: the default ones

  std::shared_ptr<detail::PoolLink> link_;
  Options options_;
};

template <auto function, class... A>
Deferred<detail::ResultOfCall<function>> Submitter::deferToProcess(A&&... args) const {
  using R = detail::ResultOfCall<function>;
  if constexpr (detail::checkFunction<decltype(function)>()) {
    using Arguments = detail::ArgumentsOf<typename FunctionTraits<decltype(function)>::Signature>;
    if constexpr (Arguments::template check<A...>()) {
      // Puts the function into this program's table, which the worker serves.
      LinkedFunction<function>::require();
      static const detail::FunctionName name{functionName<function>(),
                                             functionSignature<function>()};
      auto* const core = link_->core.get();
      if (core == nullptr) return fail<R>(detail::poolGone());
      return detail::submit<R>(*core, options_, name, [&] {
        return Arguments::keepAll(*core, name.name, std::forward<A>(args)...);
      });
    }
  }
  return Deferred<R>();
}

template <class Result, class... A>
Deferred<Result> Submitter::deferToProcess(detail::CalledName name, A&&... args) const {
  using Arguments = detail::ArgumentsOf<Result(detail::ParameterFor<A>...)>;
  constexpr bool kSignatureFits =
      detail::CheckSignature<Result(detail::ParameterFor<A>...)>::check();
  if constexpr (kSignatureFits && Arguments::template check<A...>()) {
    auto* const core = link_->core.get();
    if (core == nullptr) return fail<Result>(detail::poolGone());
    return detail::submitByName<Result>(*core, options_, name.view(), [&] {
      return Arguments::keepAll(*core, name.view(), std::forward<A>(args)...);
    });
  }
  return Deferred<Result>();
}

}  // namespace phial

#include <phial/master/map.h>  // IWYU pragma: export
