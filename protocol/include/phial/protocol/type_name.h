// Names of C++ types as a reader would write them, for failures and for functions on the wire.
// They are the same in every process of one build.
#pragma once

#include <string>
#include <typeinfo>
#include <vector>

namespace phial {
namespace detail {

/// "std::runtime_error" for typeid(std::runtime_error).name(); what cannot be demangled comes back
/// as it is.
std::string demangle(const char* mangled);

/// demangle() without what is of no meaning to a reader: the standard library's inline namespaces
/// and ABI tags, as in std::filesystem::__cxx11::filesystem_error.
std::string plainTypeName(const std::type_info& type);

/// The plain name of `type`, then those of its public bases, nearest first, each once.
std::vector<std::string> typeNames(const std::type_info& type);

}  // namespace detail

/// Such as "bool (unsigned long)" or "geometry::Point". References and const at the top are left
/// out. The text lives as long as the program.
template <class T>
const std::string& typeName() {
  static const std::string name = detail::demangle(typeid(T).name());
  return name;
}

}  // namespace phial
