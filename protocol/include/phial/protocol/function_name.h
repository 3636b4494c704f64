// The name by which master and worker refer to the same function.
//
// Both ends of one program derive the name from the same template argument, so nobody writes it
// down and nobody can mistype it. It comes from the name mangling of the Itanium C++ ABI.
// __PRETTY_FUNCTION__ would not do: compilers spell it differently, and clang omits template
// arguments.
#pragma once

#include <phial/protocol/function.h>
#include <phial/protocol/function_traits.h>
#include <phial/protocol/type_name.h>

#include <string>
#include <string_view>
#include <type_traits>

#pragma GCC visibility push(default)

namespace phial::inline v1 {
namespace detail {

template <auto F>
struct FunctionTag {};

/// Returns the qualified name in a demangled FunctionTag<F>.
std::string functionNameIn(std::string_view demangledTag);

/// The same for the FunctionTag of a lambda. Compilers number lambdas, so that one that is added
/// above another takes over its name; therefore the name includes the build of the program that
/// `address` lies in.
std::string lambdaNameIn(std::string_view demangledTag, const void* address);

/// A lambda as a template argument.
template <class T>
inline constexpr bool kLambda = std::is_class_v<T> && !kNamedFunction<T>;

}  // namespace detail

/// The qualified name of the function F, with template arguments but without parameters, such as
/// "isPrime", "geometry::(anonymous namespace)::area", "f<int>". Overloads share a name and differ
/// in their signatures. Of a phial::Function its own name. Of a lambda a name that only the same
/// build of the program knows. The text lives as long as the program.
template <auto F>
std::string_view functionName() {
  if constexpr (detail::kNamedFunction<decltype(F)>) {
    return F.name();
  } else if constexpr (detail::kLambda<decltype(F)>) {
    static const char anchor = 0;
    static const std::string name =
        detail::lambdaNameIn(typeName<detail::FunctionTag<F>>(), &anchor);
    return name;
  } else {
    static const std::string name = detail::functionNameIn(typeName<detail::FunctionTag<F>>());
    return name;
  }
}

/// The type of the function F, such as "bool (unsigned long)".
template <auto F>
std::string_view functionSignature() {
  return typeName<typename FunctionTraits<decltype(F)>::Signature>();
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
