// The methods of a Cap'n Proto interface, as functions that run as jobs.
//
// A worker that exports an interface offers each of its methods, and a master's client of the
// interface calls them by the same names. Methods of the interfaces that it extends are among them.
//
// Thread rule: any thread.
#pragma once

#include <capnp/schema.h>

#include <cstdint>
#include <string>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

struct InterfaceMethod {
  std::uint64_t interfaceId;  ///< of the interface that declares it
  std::uint16_t number;       ///< its ordinal there
  std::string name;           ///< "Calculator.evaluate"
  std::string signature;      ///< methodSignature()
};

/// What tells a method from all others: "method 2 of @0x97983392df35cc36".
std::string methodSignature(std::uint64_t interfaceId, std::uint16_t number);

/// All methods of `interface`, its own before those of the interfaces that it extends, each once.
std::vector<InterfaceMethod> methodsOf(capnp::InterfaceSchema interface);

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
