// The name by which master and worker mean the same function.
//
// Both ends of one program derive it from the same template argument, so nobody writes it down and
// it cannot be mistyped. It comes from the Itanium C++ ABI's mangling rather than from
// __PRETTY_FUNCTION__, which compilers spell differently and clang without template arguments.
#pragma once

#include <phial/protocol/function_traits.h>
#include <phial/protocol/type_name.h>

#include <string>
#include <string_view>

namespace phial {
namespace detail {

template <auto F>
struct FunctionTag {};

/// The qualified name in a demangled FunctionTag<F>.
std::string functionNameIn(std::string_view demangledTag);

}  // namespace detail

/// The qualified name of the function F, with template arguments but without parameters, such as
/// "isPrime", "geometry::(anonymous namespace)::area", "f<int>". Overloads share a name; their
/// signatures tell them apart. The text lives as long as the program.
template <auto F>
std::string_view functionName() {
  static const std::string name = detail::functionNameIn(typeName<detail::FunctionTag<F>>());
  return name;
}

/// The type of the function F, such as "bool (unsigned long)".
template <auto F>
std::string_view functionSignature() {
  return typeName<typename FunctionTraits<decltype(F)>::Signature>();
}

}  // namespace phial
