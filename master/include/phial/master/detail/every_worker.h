// ProcessPool::onEveryWorker. Part of the templates of process_pool.h; nothing here is for users.
#pragma once

#include <phial/master/detail/start_call.h>
#include <phial/master/gather_results.h>
#include <phial/master/process_pool.h>
#include <phial/master/start_with.h>

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {
namespace detail {

/// A call in every worker, while it is being submitted.
class EveryCall {
 public:
  virtual ~EveryCall() = default;

  /// The next worker that is to make the call; 0 when there is none left.
  virtual std::uint64_t nextWorker() = 0;
  /// Takes jobs for the worker that nextWorker() has returned.
  virtual Runner& runner() = 0;
  /// Has each later worker make the call too.
  virtual void addLater(WorkerStart call) = 0;
};

}  // namespace detail

template <auto function, EveryWorker which, class... A>
auto ProcessPool::onEveryWorker(const A&... args)
    -> Deferred<std::vector<WorkerOutcome<detail::ResultOfCall<function>>>> {
  using R = detail::ResultOfCall<function>;
  using Each = WorkerOutcome<R>;
  if constexpr (detail::checkFunction<decltype(function)>()) {
    using Arguments = detail::ArgumentsOf<typename FunctionTraits<decltype(function)>::Signature>;
    if constexpr (Arguments::template check<const A&...>()) {
      if constexpr (!detail::kNamedFunction<decltype(function)>) {
        LinkedFunction<function>::require();
      }
      static const detail::FunctionName name{functionName<function>(),
                                             functionSignature<function>()};
      try {
        const auto call = everyCall();
        if constexpr (which == EveryWorker::laterToo) {
          call->addLater(startWith<function>(args...));
        }
        std::vector<Deferred<Each>> outcomes;
        while (const std::uint64_t worker = call->nextWorker()) {
          outcomes.push_back(detail::submit<R>(call->runner(), {}, name, [&] {
                               return Arguments::keepAll(call->runner(), name.name, args...);
                             }).addBoth([worker](Outcome<R> outcome) {
            return Each{worker, std::move(outcome)};
          }));
        }
        return gatherResults(std::move(outcomes));
      } catch (const Error&) {
        return fail<std::vector<Each>>(Failure::current());
      }
    }
  }
  return {};
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
