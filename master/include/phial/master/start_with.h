// Gives the workers of a pool something to do before their first job, with arguments.
//
//   void loadModel(const std::string& path);
//   phial::ProcessPool pool(reactor, {.onStart = phial::startWith<loadModel>("model.bin")});
//
// Or has it done once, in a template process from which the workers are forked:
//
//   phial::ProcessPool pool(reactor, {.warm = phial::prepareWith<loadModel>("model.bin")});
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

namespace detail {

// The call `function(args...)`; null after an error of the compiler's.
template <auto function, class... A>
std::shared_ptr<const StartCall> startCallOf(A&&... args) {
  if constexpr (checkFunction<decltype(function)>()) {
    using Signature = typename FunctionTraits<decltype(function)>::Signature;
    constexpr bool kReturnsNothing = std::is_void_v<typename ResultOf<decltype(function)>::Type>;
    static_assert(kReturnsNothing,
                  "the function of startWith or prepareWith returns nothing: nobody would look at "
                  "its result. It throws to say that the worker cannot serve.");
    if constexpr (kReturnsNothing && ArgumentsOf<Signature>::template check<A...>()) {
      if constexpr (!kNamedFunction<decltype(function)>) LinkedFunction<function>::require();
      static const FunctionName name{functionName<function>(), functionSignature<function>()};
      return makeStartCall<Signature>(name, std::forward<A>(args)...);
    }
  }
  return nullptr;
}

}  // namespace detail

/// Returns the call `function(args...)` for PoolOptions::onStart. `function` is named as in
/// deferToProcess: a function, which then is linked into this program too, or a phial::Function. It
/// returns nothing, and throws to say that the worker cannot serve. The arguments convert as those
/// of deferToProcess; they are converted inside this call, and the pool keeps them until it ends.
/// Throws EncodingError when an integer does not fit its parameter, or a pointer is null.
template <auto function, class... A>
WorkerStart startWith(A&&... args) {
  return WorkerStart(detail::startCallOf<function>(std::forward<A>(args)...));
}

/// Returns the call `function(args...)` for PoolOptions::warm. Function and arguments are as those
/// of startWith.
template <auto function, class... A>
WorkerPreparation prepareWith(A&&... args) {
  return WorkerPreparation(detail::startCallOf<function>(std::forward<A>(args)...));
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
