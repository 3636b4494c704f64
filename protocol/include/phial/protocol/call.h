// The calls of a job into its own pool: currentJob().call<f>(args...) and callAll<f>(range).
// Included by current_job.h.
//
//   std::uint64_t sum(std::uint64_t from, std::uint64_t to) {
//     if (to - from < 1000) return sumHere(from, to);
//     const std::uint64_t middle = from + (to - from) / 2;
//     auto left = phial::currentJob().call<sum>(from, middle);
//     auto right = phial::currentJob().call<sum>(middle, to);
//     return left.get() + right.get();
//   }
//
// A job that waits in get() or callAll() gives its place to the pool: another worker runs
// meanwhile, a new one if need be. So recursion does not deadlock, in a pool of one worker either.
// See PoolOptions::maxWaiting.
#pragma once

#include <phial/protocol/argument_conversion.h>
#include <phial/protocol/current_job.h>
#include <phial/protocol/function_table.h>
#include <phial/protocol/nested_call.h>
#include <phial/protocol/value.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {
/// Private to the library.
struct CallAccess;
}  // namespace detail

/// A call of a job into its own pool, under way. Move-only. Destroying it before its end cancels
/// the call; that, unlike get(), may happen on any thread, and after the job's end, which cancels
/// the call anyway.
template <class R>
class [[nodiscard]] Call {
 public:
  /// Waits in line until the call has ended, and returns its result. Meanwhile this worker gets no
  /// other job, its place is lent to another worker, and this job's timeouts go on. To be called
  /// once, on the job's thread.
  ///
  /// Throws what the function threw, as a Deferred of the pool would have it; WorkerDied, with the
  /// certificate, when the call's worker died; JobTimedOut, DeadlineExceeded, UnknownFunction,
  /// EncodingError, PoolStopped and StartupFailed as deferToProcess fails. Throws CancelledError
  /// when this job is to give up: it was cancelled, or its deadline or soft timeout has passed.
  /// Throws TooManyWaiting beyond PoolOptions::maxWaiting, and ParentGone when the master has gone.
  /// Throws std::logic_error when it was called before, on another thread than the job's, inside a
  /// callback of the worker's loop, and after the job's end.
  R get() {
    if (!call_) throw std::logic_error("Call::get() was called a second time, or after a move");
    JobCalls& calls = currentJob().calls();
    const auto call = std::move(call_);
    NestedCall* const one = call.get();
    calls.await({&one, 1});
    return read(*call);
  }

 private:
  friend struct detail::CallAccess;
  using JobCalls = detail::JobCalls;
  using NestedCall = detail::NestedCall;

  explicit Call(std::unique_ptr<NestedCall> call) : call_(std::move(call)) {}

  static R read(NestedCall& call) {
    const ValueReader result = call.result();
    if constexpr (std::is_void_v<R>) {
      if (!result.isVoid()) throw EncodingError("expected no result, found a value");
    } else {
      return decode<R>(result);
    }
  }

  std::unique_ptr<NestedCall> call_;
};

namespace detail {

struct CallAccess {
  template <class R>
  static Call<R> make(std::unique_ptr<NestedCall> call) {
    return Call<R>(std::move(call));
  }
  template <class R>
  static NestedCall* of(const Call<R>& call) {
    return call.call_.get();
  }
  template <class R>
  static R read(Call<R>& call) {
    const auto ended = std::move(call.call_);
    return Call<R>::read(*ended);
  }
};

/// How an argument lies between its conversion and the message: where the caller has it, if it is
/// of the parameter's type, or shared.
template <class P, class A>
class ConvertedArgument {
  using Taken = Stored<P>;
  static constexpr bool kShared = kShares<std::remove_cvref_t<A>, Taken>;
  static constexpr bool kSame = std::is_same_v<std::decay_t<A>, Taken>;

 public:
  ConvertedArgument(const ArgumentPlace& place, A& argument) : kept_(convert(place, argument)) {}
  const Taken& get() const { return kept_; }

 private:
  using Kept = std::conditional_t<kShared || kSame, const Taken&, const Taken>;

  static Kept convert([[maybe_unused]] const ArgumentPlace& place, A& argument) {
    if constexpr (kSame) {
      return argument;
    } else if constexpr (kShared) {
      if (!argument) throwEncoding("an argument is a null pointer");
      return *argument;
    } else {
      return convertArgument<P>(place, std::forward<A>(argument));
    }
  }

  Kept kept_;
};

template <class Signature>
class CallOf;

/// The arguments of one call of a function of this type. Borrows them.
template <class R, class... P>
class CallOf<R(P...)> {
 public:
  using Result = Stored<R>;
  static constexpr std::size_t kParameters = sizeof...(P);

  /// True if such a function can be called from a job, with such arguments; otherwise a
  /// static_assert says why not.
  template <class... A>
  static consteval bool check() {
    constexpr bool kTravels =
        (std::is_void_v<R> || Transferable<Stored<R>>) && (Transferable<Stored<P>> && ...);
    static_assert(
        kTravels,
        "a parameter or the result of the function is of a type that Phial cannot send to "
        "another process: use a type that <phial/protocol/value.h> lists, or specialise "
        "phial::Codec for it.");
    static_assert(sizeof...(A) == sizeof...(P),
                  "currentJob().call: the function takes another number of arguments.");
    if constexpr (kTravels && sizeof...(A) == sizeof...(P)) {
      return checkEach<A...>(std::index_sequence_for<A...>());
    } else {
      return false;
    }
  }

  template <class... A>
  static Call<Result> start(JobCalls& calls, const CalledFunction& function, A&&... arguments) {
    return startEach<A...>(calls, function, std::index_sequence_for<A...>(), arguments...);
  }

 private:
  template <class... A>
  class Arguments final : public NestedArguments {
   public:
    explicit Arguments(std::tuple<ConvertedArgument<P, A>...>& converted) : converted_(converted) {}

    unsigned count() const override { return sizeof...(P); }
    std::uint64_t words() const override {
      return std::apply(
          [](const auto&... each) { return (std::uint64_t{0} + ... + encodedWords(each.get())); },
          converted_);
    }
    void write([[maybe_unused]] ListWriter to) const override {
      std::apply(
          [&to](const auto&... each) {
            [[maybe_unused]] unsigned i = 0;
            (encode(each.get(), to[i++]), ...);
          },
          converted_);
    }

   private:
    const std::tuple<ConvertedArgument<P, A>...>& converted_;
  };

  template <class... A, std::size_t... I>
  static consteval bool checkEach(std::index_sequence<I...>) {
    return (checkArgument<I + 1, A, P>() & ... & true);
  }
  template <class... A, std::size_t... I>
  static Call<Result> startEach(JobCalls& calls, const CalledFunction& function,
                                std::index_sequence<I...>,
                                std::remove_reference_t<A>&... arguments) {
    std::tuple<ConvertedArgument<P, A>...> converted{
        ConvertedArgument<P, A>({function.name, I + 1}, arguments)...};
    return CallAccess::make<Result>(calls.start(function, Arguments<A...>(converted)));
  }
};

template <class T>
inline constexpr bool kArgumentTuple = false;
template <class... T>
inline constexpr bool kArgumentTuple<std::tuple<T...>> = true;
template <class T, class U>
inline constexpr bool kArgumentTuple<std::pair<T, U>> = true;

/// The results of calls that have all ended well, in order.
template <class R>
auto resultsOf(std::vector<Call<R>>& calls) {
  if constexpr (std::is_void_v<R>) {
    for (auto& call : calls) CallAccess::read(call);
  } else {
    std::vector<R> results;
    results.reserve(calls.size());
    for (auto& call : calls) results.push_back(CallAccess::read(call));
    return results;
  }
}

}  // namespace detail

template <auto function, class... A>
auto CurrentJob::call(A&&... args) {
  using Function = FunctionTraits<decltype(function)>;
  using Of = detail::CallOf<typename Function::Signature>;
  if constexpr (Of::template check<A...>()) {
    // The worker's own program has to have the function too.
    if constexpr (!detail::kNamedFunction<decltype(function)>) LinkedFunction<function>::require();
    const detail::CalledFunction called{functionName<function>(), functionSignature<function>()};
    return Of::start(calls(), called, std::forward<A>(args)...);
  } else {
    return Call<typename Of::Result>(detail::CallAccess::make<typename Of::Result>(nullptr));
  }
}

template <auto function, std::ranges::input_range Range>
auto CurrentJob::callAll(Range&& range) {
  using Of = detail::CallOf<typename FunctionTraits<decltype(function)>::Signature>;
  using R = typename Of::Result;
  detail::JobCalls& all = calls();
  std::vector<Call<R>> started;
  for (auto&& element : range) {
    using Element = decltype(element);
    if constexpr (detail::kArgumentTuple<std::remove_cvref_t<Element>> && Of::kParameters != 1) {
      started.push_back(std::apply(
          [this](auto&&... each) {
            return this->call<function>(std::forward<decltype(each)>(each)...);
          },
          std::forward<Element>(element)));
    } else {
      started.push_back(this->call<function>(std::forward<Element>(element)));
    }
  }
  std::vector<detail::NestedCall*> waitedFor;
  waitedFor.reserve(started.size());
  for (const auto& each : started) waitedFor.push_back(detail::CallAccess::of(each));
  all.await(waitedFor);
  return detail::resultsOf(started);
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
