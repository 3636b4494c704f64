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
#include <tuple>
#include <utility>

namespace phial::detail {

class PoolCore;

/// The number of the next job.
std::uint64_t newJobId(PoolCore& core);
/// Puts a job into the pool, which settles it in every case.
void submitJob(PoolCore& core, std::unique_ptr<Job> job);
/// What a job's Deferred does when it is cancelled.
void cancelJob(const std::weak_ptr<PoolCore>& core, std::uint64_t id);

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

/// A new job that calls `function` with `arguments`, and its result.
template <class Result, class... Kept>
Deferred<Result> submit(const std::shared_ptr<PoolCore>& core, JobOptions options,
                        FunctionName function, std::tuple<Kept...> arguments) {
  const std::uint64_t id = newJobId(*core);
  auto [deferred, resolver] =
      newDeferred<Result>([weak = std::weak_ptr(core), id] { cancelJob(weak, id); });
  submitJob(*core,
            std::make_unique<TypedJob<Result, Kept...>>(id, std::move(options), function,
                                                        std::move(resolver), std::move(arguments)));
  return std::move(deferred);
}

}  // namespace phial::detail
