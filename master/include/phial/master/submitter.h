// The calls that a pool takes, as a handle.
//
//   pool.deferToProcess<isPrime>(n).addCallback([](bool prime) { ... });
//   pool.with({.timeout = 5s}).deferToProcess<isPrime>(n);
//
// Every pool is a Submitter. with() returns another Submitter, whose calls go to the same pool with
// other options. A Submitter is small: copy it, keep it, pass it to code that need not know where
// the workers are.
//
// Life: a Submitter may outlive its pool and the Reactor. After the pool's end each call returns a
// Deferred that has failed with PoolStopped.
//
// Arguments convert as in a plain call of the function, by implicit conversions. These do not
// compile, and the error names the argument: a floating-point number for an integer, a pointer for
// a bool, nullptr, an object of a derived class for its base, a number inside an optional, pair,
// tuple, variant or duration whose type may not fit, and any argument of a function that takes a
// non-const reference. A std::string_view may be given for a std::string. Braces cannot be passed:
// write T{...}. To name one of several overloaded functions write phial::overload<R(A...)>(f).
//
// No Deferred fires inside a call, and no value of an argument makes a call throw: every result and
// every refusal, QueueFull included, arrives from the loop. The pool counts a refused job as
// submitted and as failed.
//
// Thread rule: a Submitter belongs to the reactor's thread; a call on another thread throws
// std::logic_error.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/detail/submit.h>
#include <phial/master/errors.h>
#include <phial/master/pool_options.h>
#include <phial/protocol/any_value.h>
#include <phial/protocol/function_table.h>

#include <concepts>
#include <memory>
#include <ranges>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {

/// The part that all Submitters of one pool share.
struct PoolLink {
  explicit PoolLink(std::shared_ptr<Runner> pool) : runner(std::move(pool)) {}

  std::shared_ptr<Runner> runner;  ///< null once the pool has ended
};

/// The failure of a call after the pool's end.
Failure poolGone();

/// The name of a registered function; the text is borrowed for the call. Cannot be made from `{}`,
/// which an earlier version took for a name.
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

/// A callable object or a function, given as an argument where a name belongs.
template <class F>
concept GivenFunction = PlainCallable<std::decay_t<F>> || std::is_member_function_pointer_v<F>;

/// Refuses the earlier way to write options, as the first argument, with a message that says the
/// present way.
template <class... T>
consteval void refuseOptionsFirst() {
  static_assert(kNever<T...>,
                "options do not come first: write pool.with(options).deferToProcess<f>(args...), "
                "and the same for map, mapOutcomes, forEach and forEachOutcome.");
}

template <auto function>
using ResultOfCall = typename ResultOf<decltype(function)>::Type;

}  // namespace detail

/// Selects one of several functions that share a name: overload<double(double)>(half).
template <class Signature>
constexpr Signature* overload(Signature* function) {
  return function;
}

class Submitter {
 public:
  Submitter(const Submitter&) = default;
  Submitter& operator=(const Submitter&) = default;

  /// Returns a Submitter for the same pool whose calls use `options` on top of the options of this
  /// Submitter. If both set a field, `options` win. A field with its default value counts as not
  /// set. Costs one allocation for each with(), none for each call. If the compiler reports an
  /// unknown field or a wrong order, compare with the order in which the struct declares its
  /// fields.
  Submitter with(JobOptions options) const;  // fields and their order: see JobOptions
  Submitter with(MapOptions options) const;  // fields and their order: see MapOptions

  /// Runs `function(args...)` in a worker and returns its result as a Deferred. `function` is the
  /// name of a function, which then is linked into this program too, or a phial::Function, whose
  /// name a worker has registered: see <phial/protocol/function.h>. The arguments are
  /// converted to the parameter types inside this call and kept until the job has settled.
  ///
  /// Copying: an argument that the caller keeps is copied before this call returns; 64 MiB take 5
  /// ms, and the loop stands still meanwhile. Two ways avoid the copy. Give the argument away
  /// (std::move). Or pass a std::shared_ptr<const T> where the function takes a T, or a
  /// std::shared_ptr of a std::vector where it takes a std::span; the object must not change until
  /// the job has settled, and its reference is released then. Either way a large argument is copied
  /// once, into memory that the worker reads, beside the loop or in small steps of it.
  ///
  /// Failures: if the function throws, the Deferred fails with its exception and Failure::fromJob()
  /// is true. A standard exception arrives as itself, with its text and code. Any other exception
  /// arrives as a RemoteError; Failure::check knows it by the name of its type. Otherwise the
  /// Deferred fails with one of: WorkerDied, PoisonJob, ProtocolError (the worker died),
  /// JobTimedOut, SoftTimeoutExceeded, DeadlineExceeded (a time limit passed), CancelledError,
  /// UnknownFunction, EncodingError, QueueFull, PoolStopped, StartupFailed, or
  /// std::invalid_argument for a JobOptions field that is out of range. An integer that does not
  /// fit its parameter, a null const char*, and an argument whose copy throws are EncodingErrors.
  ///
  /// Cancelling fails the Deferred at once. If the job has not begun, it never runs. If it is
  /// running, it is asked to give up, and JobOptions::onCancel says what happens when it does not.
  template <auto function, class... A>
  Deferred<detail::ResultOfCall<function>> deferToProcess(A&&... args) const;

  /// Runs `function(args..., emit)` in a worker, where `emit` is a phial::Emit<T>, and returns a
  /// Stream<T> of what the function emits: see <phial/master/stream.h>. The function's last
  /// parameter is the Emit, and it returns nothing. Arguments, options and failures are as above;
  /// a failure is that of Stream::next().
  template <auto function, class... A>
  auto stream(A&&... args) const;

  /// Runs the function that the worker has registered as `name`, with arguments of the types given
  /// here. Fails with UnknownFunction when the worker has no function of this name, or several.
  /// Fails with EncodingError when the function cannot take these values, or its result is no
  /// Result. Otherwise as above.
  template <class Result, class... A>
  Deferred<Result> deferToProcess(detail::CalledName name, A&&... args) const;

  /// The same without any types: calls the function that the worker knows as `name`, which is a
  /// registered name or a qualified name such as "geometry::area", with self-describing values. An
  /// argument list may be written in place: call("area", {3, 4.5}). The result is whatever the
  /// function returns; a function without a result gives an empty AnyValue.
  ///
  /// Failures: as for the call by name above. A SharedArray and a Cap'n Proto struct cannot be
  /// passed or returned here: EncodingError.
  Deferred<AnyValue> call(std::string_view name, Values arguments) const;

  /// Calls `function` in the workers for each element of `range`. Returns the results in the order
  /// of the range, as a Deferred<std::vector<R>>; a Deferred<void> when the function has no result.
  /// If the function has several parameters, each element is a tuple or pair of arguments. Elements
  /// convert as arguments do.
  ///
  /// Elements travel in chunks, and each chunk is one job. The size of the chunks follows the
  /// measured running time of the elements: see MapOptions. The range is read while chunks are
  /// submitted, a few chunks for each worker at a time, so memory and queue do not grow with the
  /// range; an input range is enough. `range` is moved in or copied. A view such as
  /// std::views::all(container), or a span, only borrows the elements: they must live until the
  /// Deferred has settled.
  ///
  /// Failures: the first failure of an element fails the Deferred, and the other chunks are
  /// cancelled. The failure is the one that a job of this single element would have, and
  /// Failure::index() names the element. When a worker dies, index() is set only if the worker had
  /// noted its element. Other elements may have run; their results are lost. Failures that concern
  /// no element fail the Deferred too: PoolStopped, StartupFailed, UnknownFunction, and any
  /// exception of the range's own code. map never fails with QueueFull: it waits for room in the
  /// queue. Cancelling cancels every chunk.
  template <auto function, std::ranges::input_range Range>
  auto map(Range&& range) const;

  /// As map, but each element has its own outcome: Deferred<std::vector<Outcome<R>>>. A worker that
  /// dies, or that a timeout ends, costs one element; the other elements of the chunk run again.
  /// Finding the element may end further workers: if the dead worker had noted its element, none;
  /// if not, the chunk is halved until the element is found, and each step may end one worker. With
  /// Rerun::never nothing runs again, and all elements of the chunk fail.
  template <auto function, std::ranges::input_range Range>
  auto mapOutcomes(Range&& range) const;

  /// As map, but calls onResult(std::size_t index, R result) for each element, in the order of the
  /// range unless MapOptions::order says otherwise, and keeps no results. For a function without a
  /// result the call is onResult(std::size_t index). Suited to ranges without end.
  ///
  /// Calls come from the loop, one at a time, never inside forEach itself. If onResult returns a
  /// Deferred, the next call waits for it. Meanwhile the workers go on until the limit below is
  /// reached, so a slow consumer slows the pool down instead of filling memory. If onResult throws,
  /// or its Deferred fails, forEach fails with the same failure and gives up the remaining
  /// elements. After a failure, after cancelling, and after the end of the pool onResult is not
  /// called again. onResult is destroyed before the Deferred fires.
  ///
  /// Price of the order: results wait for the results before them. At most 4 times
  /// MapOptions::inFlight chunks wait or run at a time (by default 8 for each worker). If one
  /// element takes longer than all of these, the other workers become idle. With Order::completion
  /// no result waits for another.
  template <auto function, std::ranges::input_range Range, class F>
  Deferred<void> forEach(Range&& range, F onResult) const;

  /// As forEach, with outcomes as in mapOutcomes: calls onOutcome(std::size_t index, Outcome<R>
  /// outcome).
  template <auto function, std::ranges::input_range Range, class F>
  Deferred<void> forEachOutcome(Range&& range, F onOutcome) const;

  // --- Not to be called: each of these does not compile, and its error says what to write ---

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

  using Options = detail::Ref<detail::CallOptions>;  // null: the default options

  detail::PoolLink& link() const { return *link_; }
  const Options& options() const { return options_; }

 private:
  std::shared_ptr<detail::PoolLink> link_;
  Options options_;
};

template <auto function, class... A>
Deferred<detail::ResultOfCall<function>> Submitter::deferToProcess(A&&... args) const {
  using R = detail::ResultOfCall<function>;
  if constexpr (detail::checkFunction<decltype(function)>()) {
    using Arguments = detail::ArgumentsOf<typename FunctionTraits<decltype(function)>::Signature>;
    if constexpr (Arguments::template check<A...>()) {
      // This puts the function into the program's table, from which the worker serves it.
      if constexpr (!detail::kNamedFunction<decltype(function)>) {
        LinkedFunction<function>::require();
      }
      static const detail::FunctionName name{functionName<function>(),
                                             functionSignature<function>()};
      auto* const runner = link_->runner.get();
      if (runner == nullptr) return fail<R>(detail::poolGone());
      return detail::submit<R>(*runner, options_, name, [&] {
        return Arguments::keepAll(*runner, name.name, std::forward<A>(args)...);
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
    auto* const runner = link_->runner.get();
    if (runner == nullptr) return fail<Result>(detail::poolGone());
    return detail::submitByName<Result>(*runner, options_, name.view(), [&] {
      return Arguments::keepAll(*runner, name.view(), std::forward<A>(args)...);
    });
  }
  return Deferred<Result>();
}

}  // namespace phial::inline v1

#pragma GCC visibility pop

#include <phial/master/map.h>     // IWYU pragma: export
#include <phial/master/stream.h>  // IWYU pragma: export
