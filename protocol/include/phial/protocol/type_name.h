// Names of C++ types in readable form, for failures and for functions on the wire. The names are
// the same in every process of one build.
#pragma once

#include <string>
#include <typeinfo>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {
namespace detail {

/// Returns "std::runtime_error" for typeid(std::runtime_error).name(), and "phial::Failure" without
/// Phial's inline namespace. A name that cannot be demangled is returned unchanged.
std::string demangle(const char* mangled);

/// demangle(), without the parts that mean nothing to a reader: inline namespaces of the standard
/// library and ABI tags, as in std::filesystem::__cxx11::filesystem_error.
std::string plainTypeName(const std::type_info& type);

/// The plain name of `type`, then the names of its public bases, nearest first, each once.
std::vector<std::string> typeNames(const std::type_info& type);

}  // namespace detail

/// Such as "bool (unsigned long)" or "geometry::Point". A reference or const at the top level is
/// left out. The text lives as long as the program.
template <class T>
const std::string& typeName() {
  static const std::string name = detail::demangle(typeid(T).name());
  return name;
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
