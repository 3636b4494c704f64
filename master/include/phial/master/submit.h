// From a call to a job in the pool. Part of the templates of process_pool.h and map.h; nothing here
// is for users.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/job.h>
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
/// Puts a job into its pool, which settles it in every case.
void submitJob(PoolCore& core, Ref<Job> job);

template <class Signature>
struct ArgumentsOf;
template <class R, class... Params>
struct ArgumentsOf<R(Params...)> {
  static constexpr std::size_t kCount = sizeof...(Params);
  template <class... A>
  static auto keepAll(PoolCore& core, A&&... arguments) {
    return std::tuple<KeptArgument<Stored<Params>, A>...>(
        keepArgument<Stored<Params>>(core, std::forward<A>(arguments))...);
  }
};

/// `job` is to have a result of type R.
template <class R>
Deferred<R> submitNew(PoolCore& core, Ref<Job> job) {
  auto deferred = Access::wrap<R>(Chain::pending(Ref<Source>(job)));
  submitJob(core, std::move(job));
  return deferred;
}

/// A new job that calls `function`, a name that lasts as long as the program, with `arguments`; and
/// its result. Null `options` are the default ones.
template <class R, class... Kept>
Deferred<R> submit(PoolCore& core, std::unique_ptr<const JobOptions> options,
                   const FunctionName& function, std::tuple<Kept...> arguments) {
  Ref job(new TypedJob<R, Kept...>(newTicket(core), std::move(options), function,
                                   std::move(arguments)));
  return submitNew<R>(core, std::move(job));
}

/// The same for a name that is the caller's.
template <class R, class... Kept>
Deferred<R> submitByName(PoolCore& core, std::unique_ptr<const JobOptions> options,
                         std::string_view name, std::tuple<Kept...> arguments) {
  Ref job(
      new NamedJob<R, Kept...>(newTicket(core), std::move(options), name, std::move(arguments)));
  return submitNew<R>(core, std::move(job));
}

}  // namespace phial::detail
