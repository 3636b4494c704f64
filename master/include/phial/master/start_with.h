// Gives the workers of a pool something to do before their first job, with arguments.
//
//   void loadModel(const std::string& path);
//   phial::ProcessPool pool(reactor, {.onStart = phial::startWith<loadModel>("model.bin")});
//
// Thread rule: any thread.
#pragma once

#include <phial/master/detail/job_function.h>
#include <phial/master/detail/start_call.h>
#include <phial/master/detail/submit.h>
#include <phial/master/worker_start.h>
#include <phial/protocol/function_table.h>

#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Returns the call `function(args...)` for PoolOptions::onStart. `function` is named as in
/// deferToProcess: a function, which then is linked into this program too, or a phial::Function. It
/// returns nothing, and throws to say that the worker cannot serve. The arguments convert as those
/// of deferToProcess; they are converted inside this call, and the pool keeps them until it ends.
/// Throws EncodingError when an integer does not fit its parameter, or a pointer is null.
template <auto function, class... A>
WorkerStart startWith(A&&... args) {
  if constexpr (detail::checkFunction<decltype(function)>()) {
    using Signature = typename FunctionTraits<decltype(function)>::Signature;
    constexpr bool kReturnsNothing =
        std::is_void_v<typename detail::ResultOf<decltype(function)>::Type>;
    static_assert(kReturnsNothing,
                  "the function of startWith returns nothing: nobody would look at its result. It "
                  "throws to say that the worker cannot serve.");
    if constexpr (kReturnsNothing && detail::ArgumentsOf<Signature>::template check<A...>()) {
      if constexpr (!detail::kNamedFunction<decltype(function)>) {
        LinkedFunction<function>::require();
      }
      static const detail::FunctionName name{functionName<function>(),
                                             functionSignature<function>()};
      return WorkerStart(detail::makeStartCall<Signature>(name, std::forward<A>(args)...));
    }
  }
  return WorkerStart();
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
