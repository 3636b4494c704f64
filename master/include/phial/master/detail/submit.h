// Turns a call into a job of the pool. Part of the templates of submitter.h and map.h; nothing here
// is for users.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/detail/job.h>
#include <phial/master/detail/job_function.h>
#include <phial/master/detail/kept_argument.h>
#include <phial/master/pool_options.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

class Runner;

// As the members of Runner: the templates here do not need the whole class.
Job::Ticket newTicket(Runner& runner);
void submitJob(Runner& runner, Ref<Job> job);
void refuseJob(Runner& runner, Ref<Job> job, Failure reason);

template <class Signature>
struct ArgumentsOf;
template <class R, class... Params>
struct ArgumentsOf<R(Params...)> {
  /// True if a call with these arguments compiles; otherwise a static_assert says why not.
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

  /// Returns the arguments in the form in which a job keeps them, as a tuple. Throws what
  /// converting or copying an argument throws.
  template <class... A>
  static auto keepAll(Runner& runner, std::string_view function, A&&... arguments) {
    return keepEach(runner, function, std::index_sequence_for<A...>(),
                    std::forward<A>(arguments)...);
  }

 private:
  template <class... A, std::size_t... I>
  static consteval bool checkEach(std::index_sequence<I...>) {
    return (checkArgument<I + 1, A, Params>() & ... & true);
  }
  template <class... A, std::size_t... I>
  static auto keepEach([[maybe_unused]] Runner& runner, [[maybe_unused]] std::string_view function,
                       std::index_sequence<I...>, A&&... arguments) {
    return std::tuple<KeptArgument<Stored<Params>, A>...>(
        keepArgument<Params>(runner, {function, I + 1}, std::forward<A>(arguments))...);
  }
};

inline std::string_view nameIn(const FunctionName& function) { return function.name; }
inline std::string_view nameIn(std::string_view name) { return name; }

/// Makes and submits a job of type Made with a result of type R, and returns its Deferred. `keep()`
/// makes the arguments. If `keep()` throws, the job fails with this exception: no value of an
/// argument makes the call throw.
template <class R, template <class, class...> class Made, class Function, class Keep>
Deferred<R> submitNew(Runner& runner, Ref<CallOptions> options, const Function& function,
                      Keep keep) {
  const auto start = [&]<class... Kept>(std::tuple<Kept...> arguments) {
    return Ref(new Made<R, Kept...>(newTicket(runner), options, function, std::move(arguments)));
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
    submitJob(runner, std::move(job));
    return deferred;
  }
  Ref<UnfitJob<R>> made(new UnfitJob<R>(newTicket(runner), options, nameIn(function)));
  deferred = deferredOf(made);
  refuseJob(runner, std::move(made), std::move(*unfit));
  return deferred;
}

/// Submits a job that calls `function`, whose name must live as long as the program, with the
/// arguments that `keep()` returns as a tuple. Null `options` are the default options.
template <class R, class Keep>
Deferred<R> submit(Runner& runner, Ref<CallOptions> options, const FunctionName& function,
                   Keep keep) {
  return submitNew<R, TypedJob>(runner, std::move(options), function, std::move(keep));
}

/// As submit(), for a name that is borrowed for this call.
template <class R, class Keep>
Deferred<R> submitByName(Runner& runner, Ref<CallOptions> options, std::string_view name,
                         Keep keep) {
  return submitNew<R, NamedJob>(runner, std::move(options), name, std::move(keep));
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
