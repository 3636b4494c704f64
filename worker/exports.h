// The Cap'n Proto interfaces that a worker exports: objects whose methods run as jobs.
//
// Each method is a function of the worker's, after those of its FunctionTable.
//
// Life: the objects are given before the worker serves. serve() makes capabilities of them, which
// needs the KJ event loop, and close() drops these before the loop ends.
#pragma once

#include <capnp/capability.h>
#include <phial/protocol/interface_methods.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace phial::inline v1::detail {

class MethodCall;

class Exports {
 public:
  struct Method {
    std::size_t object;
    InterfaceMethod method;
  };

  /// Offers all methods of `interface`, which `object` serves.
  void add(kj::Own<capnp::Capability::Server> object, capnp::InterfaceSchema interface);

  const std::vector<Method>& methods() const { return methods_; }

  /// REQUIRES: a KJ event loop on this thread, which close() precedes the end of.
  void open();
  void close();

  /// Prepares a call of the method at `index` of methods() with the parameters `params`, borrowed
  /// until the call has run. REQUIRES: open().
  std::unique_ptr<MethodCall> prepare(std::size_t index, capnp::AnyPointer::Reader params);

 private:
  // The client keeps its object. The pointer is for calls at the top level of the loop: calls of
  // the client's would run inside KJ.
  struct Object {
    kj::Own<capnp::Capability::Server> own;  // until open()
    capnp::Capability::Server* server;
    kj::Maybe<capnp::Capability::Client> client;
  };

  std::vector<Object> objects_;
  std::vector<Method> methods_;
};

}  // namespace phial::inline v1::detail
