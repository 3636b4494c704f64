// What the type of a function says about its calls.
#pragma once

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// For functions, pointers to functions, and objects with a single operator() that is no template:
/// `Result`, and `Signature` as R(A...), without noexcept.
template <class T>
struct FunctionTraits {};

template <class T>
  requires requires { &T::operator(); }
struct FunctionTraits<T> : FunctionTraits<decltype(&T::operator())> {};

template <class R, class... A>
struct FunctionTraits<R(A...)> {
  using Result = R;
  using Signature = R(A...);
};

template <class R, class... A>
struct FunctionTraits<R(A...) noexcept> : FunctionTraits<R(A...)> {};
template <class R, class... A>
struct FunctionTraits<R (*)(A...)> : FunctionTraits<R(A...)> {};
template <class R, class... A>
struct FunctionTraits<R (*)(A...) noexcept> : FunctionTraits<R(A...)> {};

template <class C, class R, class... A>
struct FunctionTraits<R (C::*)(A...)> : FunctionTraits<R(A...)> {};
template <class C, class R, class... A>
struct FunctionTraits<R (C::*)(A...) const> : FunctionTraits<R(A...)> {};
template <class C, class R, class... A>
struct FunctionTraits<R (C::*)(A...) noexcept> : FunctionTraits<R(A...)> {};
template <class C, class R, class... A>
struct FunctionTraits<R (C::*)(A...) const noexcept> : FunctionTraits<R(A...)> {};

/// Callables whose parameters are known from their type alone.
template <class T>
concept PlainCallable = requires { typename FunctionTraits<T>::Signature; };

}  // namespace phial::inline v1

#pragma GCC visibility pop
