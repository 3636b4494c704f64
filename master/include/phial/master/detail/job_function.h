// Checks that a function can run as a job, with one readable error for each reason. Part of the
// templates of submitter.h and map.h; nothing here is for users.
#pragma once

#include <phial/master/deferred.h>
#include <phial/protocol/emit.h>
#include <phial/protocol/function_traits.h>
#include <phial/protocol/value.h>

#include <string_view>
#include <type_traits>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// The result type of deferToProcess<function>; void when F is no function.
template <class F>
struct ResultOf {
  using Type = void;
};
template <PlainCallable F>
struct ResultOf<F> {
  using Type = Stored<typename FunctionTraits<F>::Result>;
};

template <class Signature>
struct CheckSignature;
template <class R, class... P>
struct CheckSignature<R(P...)> {
  static consteval bool check() {
    constexpr bool kStreams = (kEmit<P> || ...);
    static_assert(
        !kStreams,
        "this function takes a phial::Emit: it gives its results one after the other, and "
        "is called by pool.stream<f>(args...).");
    static_assert(!Lift<Stored<R>>::kDeferred,
                  "a job's function must not return a Deferred: a worker runs it to its end, "
                  "without a loop. Return the value itself.");
    static_assert(std::is_void_v<R> || Lift<Stored<R>>::kDeferred || Transferable<Stored<R>>,
                  "the result of a job's function is of a type that Phial cannot send to another "
                  "process. Return a type that <phial/protocol/value.h> lists, or specialise "
                  "phial::Codec for it.");
    static_assert(kStreams || (Transferable<Stored<P>> && ...),
                  "a parameter of a job's function is of a type that Phial cannot send to another "
                  "process. Take a type that <phial/protocol/value.h> lists, or specialise "
                  "phial::Codec for it.");
    return !kStreams && !Lift<Stored<R>>::kDeferred &&
           (std::is_void_v<R> || Transferable<Stored<R>>) && (Transferable<Stored<P>> && ...);
  }
};

/// Reports one error for a function that cannot be a job.
template <class F>
consteval bool checkFunction() {
  constexpr bool kMember = std::is_member_pointer_v<F>;
  static_assert(!kMember,
                "a member function cannot be a job, since its object lives in this process: write "
                "a free or static function that takes the object by value.");
  static_assert(kMember || PlainCallable<F>,
                "deferToProcess<f>(args...) and map<f>(range) need the name of a function as f.");
  if constexpr (!kMember && PlainCallable<F>) {
    return CheckSignature<typename FunctionTraits<F>::Signature>::check();
  } else {
    return false;
  }
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
