#include <cxxabi.h>
#include <phial/protocol/type_name.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace phial::inline v1::detail {
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

void replaceAll(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

bool isOfIdentifier(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == ':';
}

// Phial's own inline namespace is a matter of the linker's: names on the wire and in failures are
// those that a program writes.
void leaveOutInlineNamespace(std::string& name) {
  constexpr std::string_view kPrefix = "phial::";
  constexpr std::string_view kInline = "v1::";
  for (auto at = name.find("phial::v1::"); at != std::string::npos;
       at = name.find("phial::v1::", at + kPrefix.size())) {
    if (at == 0 || !isOfIdentifier(name[at - 1])) {
      name.erase(at + kPrefix.size(), kInline.size());
    }
  }
}

}  // namespace

std::string demangle(const char* mangled) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> readable(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), &std::free);
  if (status != 0 || !readable) return mangled;
  std::string name = readable.get();
  leaveOutInlineNamespace(name);
  return name;
}

std::string plainTypeName(const std::type_info& type) {
  std::string name = demangle(type.name());
  for (const std::string_view left : {"::__cxx11::", "::__1::", "::_V2::"}) {
    replaceAll(name, left, "::");
  }
  replaceAll(name, "[abi:cxx11]", "");
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

}  // namespace phial::inline v1::detail
