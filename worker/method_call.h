// One call of a method of an exported interface, from its parameters to its results.
//
// The method is called at the top level of the worker's loop, as a function is, so it may do what
// every job may. One that returns a promise is waited for; the loop runs meanwhile.
#pragma once

#include <capnp/capability.h>
#include <phial/protocol/interface_methods.h>
#include <phial/schema/worker.capnp.h>

#include <cstdint>

namespace phial::inline v1::detail {

class MethodCall {
 public:
  /// All are borrowed: `params` until run() has returned.
  MethodCall(capnp::Capability::Server& object, const InterfaceMethod& method,
             capnp::AnyPointer::Reader params);
  ~MethodCall();
  MethodCall(const MethodCall&) = delete;
  MethodCall& operator=(const MethodCall&) = delete;

  /// Calls the method and waits for its promise. Lets out what the method throws, or its promise
  /// fails with. REQUIRES: the top level of the loop; not called before.
  void run();

  /// An upper bound of the words that the results take. REQUIRES: run() has returned.
  std::uint64_t resultWords() const;
  /// Whether the results hold a capability.
  bool returnsCapabilities() const;
  void encodeResults(schema::JobResult::Builder to) const;

 private:
  class Context;

  capnp::Capability::Server& object_;
  const InterfaceMethod& method_;
  kj::Own<Context> context_;
};

}  // namespace phial::inline v1::detail
