// From a call to a job in the pool. Part of the templates of submitter.h and map.h; nothing here is
// for users.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/job.h>
#include <phial/master/job_function.h>
#include <phial/master/kept_argument.h>
#include <phial/master/pool_options.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

namespace phial::detail {

class PoolCore;

/// For the next job.
Job::Ticket newTicket(PoolCore& core);
/// Puts a job into its pool, which settles it in every case, from the loop.
void submitJob(PoolCore& core, Ref<Job> job);
/// Takes a job whose arguments could not be kept, and settles it with the reason, from the loop.
void refuseJob(PoolCore& core, Ref<Job> job, Failure reason);

template <class Signature>
struct ArgumentsOf;
template <class R, class... Params>
struct ArgumentsOf<R(Params...)> {
  /// Whether a call with these arguments compiles; a static_assert says why not.
  template <class... A>
  static consteval bool check() {
    static_assert(sizeof...(A) == sizeof...(Params),
                  "deferToProcess: the function takes another number of arguments.");
    if constexpr (sizeof...(A) == sizeof...(Params)) {
      return checkEach<A...>(std::index_sequence_for<A...>());
    } else {
      return false;
    }
  }

  /// The arguments as a job keeps them, a tuple. Throws what converting or copying one throws.
  template <class... A>
  static auto keepAll(PoolCore& core, std::string_view function, A&&... arguments) {
    return keepEach(core, function, std::index_sequence_for<A...>(), std::forward<A>(arguments)...);
  }

 private:
  template <class... A, std::size_t... I>
  static consteval bool checkEach(std::index_sequence<I...>) {
    return (checkArgument<I + 1, A, Params>() & ... & true);
  }
  template <class... A, std::size_t... I>
  static auto keepEach([[maybe_unused]] PoolCore& core, [[maybe_unused]] std::string_view function,
                       std::index_sequence<I...>, A&&... arguments) {
    return std::tuple<KeptArgument<Stored<Params>, A>...>(
        keepArgument<Params>(core, {function, I + 1}, std::forward<A>(arguments))...);
  }
};

/// A new job of type Made with a result of type R, and that result. `keep()` makes the arguments;
/// what it throws is the job's failure: nothing about an argument leaves the call as an exception.
template <class R, template <class, class...> class Made, class Function, class Keep>
Deferred<R> submitNew(PoolCore& core, Ref<CallOptions> options, const Function& function,
                      Keep keep) {
  const auto start = [&]<class... Kept>(std::tuple<Kept...> arguments) {
    return Ref(new Made<R, Kept...>(newTicket(core), options, function, std::move(arguments)));
  };
  const auto deferredOf = [](const auto& job) {
    return Access::wrap<R>(Chain::pending(Ref<Source>(job)));
  };
  Ref<Job> job;
  Deferred<R> deferred;
  std::optional<Failure> unfit;
  try {
    auto made = start(keep());
    deferred = deferredOf(made);
    job = std::move(made);
  } catch (...) {
    unfit = Failure::current();
  }
  if (!unfit) {
    submitJob(core, std::move(job));
    return deferred;
  }
  auto made = start(std::tuple<>());
  deferred = deferredOf(made);
  refuseJob(core, std::move(made), std::move(*unfit));
  return deferred;
}

/// A new job that calls `function`, a name that lasts as long as the program, with the arguments
/// that `keep()` returns as a tuple; and its result. Null `options` are the default ones.
template <class R, class Keep>
Deferred<R> submit(PoolCore& core, Ref<CallOptions> options, const FunctionName& function,
                   Keep keep) {
  return submitNew<R, TypedJob>(core, std::move(options), function, std::move(keep));
}

/// The same for a name that is the caller's.
template <class R, class Keep>
Deferred<R> submitByName(PoolCore& core, Ref<CallOptions> options, std::string_view name,
                         Keep keep) {
  return submitNew<R, NamedJob>(core, std::move(options), name, std::move(keep));
}

}  // namespace phial::detail
