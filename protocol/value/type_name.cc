#include <cxxabi.h>
#include <phial/protocol/type_name.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace phial::detail {
namespace {

using Types = std::vector<const std::type_info*>;

// The direct public bases of `type`, by the Itanium C++ ABI's run-time type information.
Types directBases(const std::type_info& type) {
  Types bases;
  if (auto* single = dynamic_cast<const abi::__si_class_type_info*>(&type)) {
    bases.push_back(single->__base_type);
  } else if (auto* several = dynamic_cast<const abi::__vmi_class_type_info*>(&type)) {
    for (unsigned i = 0; i < several->__base_count; ++i) {
      const auto& base = several->__base_info[i];
      if (base.__is_public_p()) bases.push_back(base.__base_type);
    }
  }
  return bases;
}

}  // namespace

std::string demangle(const char* mangled) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), &std::free);
  return status == 0 && name ? name.get() : mangled;
}

std::string plainTypeName(const std::type_info& type) {
  std::string name = demangle(type.name());
  for (const std::string_view left : {"::__cxx11::", "::__1::", "::_V2::"}) {
    for (auto at = name.find(left); at != std::string::npos; at = name.find(left)) {
      name.replace(at, left.size(), "::");
    }
  }
  constexpr std::string_view kTag = "[abi:cxx11]";
  for (auto at = name.find(kTag); at != std::string::npos; at = name.find(kTag)) {
    name.erase(at, kTag.size());
  }
  return name;
}

std::vector<std::string> typeNames(const std::type_info& type) {
  Types found{&type};
  std::vector<std::string> names;
  for (std::size_t i = 0; i < found.size(); ++i) {
    names.push_back(plainTypeName(*found[i]));
    for (const std::type_info* base : directBases(*found[i])) {
      bool isNew = std::none_of(found.begin(), found.end(),
                                [&](const std::type_info* seen) { return *seen == *base; });
      if (isNew) found.push_back(base);
    }
  }
  return names;
}

}  // namespace phial::detail
