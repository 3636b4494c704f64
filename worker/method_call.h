// One call of a method of a Cap'n Proto interface, from its parameters to its results.
#pragma once

#include <capnp/capability.h>
#include <phial/protocol/interface_methods.h>
#include <phial/schema/worker.capnp.h>

#include <cstdint>

namespace phial::inline v1::detail {

/// The method is called at the top level of the loop, as a function is, so it may do what every job
/// may. One that returns a promise is waited for; the loop runs meanwhile.
class MethodCall {
 public:
  /// All are borrowed: `params` until run() has returned.
  MethodCall(capnp::Capability::Server& object, const InterfaceMethod& method,
             capnp::AnyPointer::Reader params);
  ~MethodCall() noexcept(false);
  MethodCall(const MethodCall&) = delete;
  MethodCall& operator=(const MethodCall&) = delete;

  /// Calls the method. Lets out what it throws, or its promise fails with. REQUIRES: the top level
  /// of the loop; not called before.
  void run();

  // Of the results. REQUIRES: run() has returned.

  /// An upper bound of the words that they take.
  std::uint64_t resultWords() const;
  bool returnsCapabilities() const;
  void encodeResults(schema::JobResult::Builder to) const;

 private:
  class Context;

  kj::Promise<void> call();

  capnp::Capability::Server& object_;
  const InterfaceMethod& method_;
  kj::Own<Context> context_;
};

}  // namespace phial::inline v1::detail
