#include <phial/protocol/interface_methods.h>

#include <kj/string.h>

#include <set>

namespace phial::inline v1::detail {
namespace {

void addMethods(capnp::InterfaceSchema interface, std::set<std::uint64_t>& seen,
                std::vector<InterfaceMethod>& to) {
  const std::uint64_t id = interface.getProto().getId();
  if (!seen.insert(id).second) return;
  const std::string interfaceName = interface.getShortDisplayName().cStr();
  for (const auto method : interface.getMethods()) {
    const auto number = static_cast<std::uint16_t>(method.getOrdinal());
    to.push_back({id, number, interfaceName + "." + method.getProto().getName().cStr(),
                  methodSignature(id, number)});
  }
  for (const auto superclass : interface.getSuperclasses()) addMethods(superclass, seen, to);
}

}  // namespace

std::string methodSignature(std::uint64_t interfaceId, std::uint16_t number) {
  return kj::str("method ", number, " of @0x", kj::hex(interfaceId)).cStr();
}

std::vector<InterfaceMethod> methodsOf(capnp::InterfaceSchema interface) {
  std::set<std::uint64_t> seen;
  std::vector<InterfaceMethod> methods;
  addMethods(interface, seen, methods);
  return methods;
}

}  // namespace phial::inline v1::detail
