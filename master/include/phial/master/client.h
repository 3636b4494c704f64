// Any Cap'n Proto interface, served by the workers of a pool.
//
//   Calculator::Client calculator = phial::client<Calculator>(pool);
//   auto request = calculator.evaluateRequest();
//   ...
//   request.send().then([](auto response) { ... });
//
// Each call is a job: queued, run by a free worker on the object that it exports (exportInterface,
// in <phial/worker/interface.h>), supervised, and counted in the pool's figures under the name
// "Calculator.evaluate". Dropping the promise of a call cancels its job. Options for the calls come
// with the Submitter: client<Calculator>(pool.with({.timeout = 5s})).
//
// Copying: the parameters are copied into the message to the worker, and the results out of the
// worker's, on the loop.
//
// Failures: a promise fails with a kj::Exception. Its type is `overloaded` for QueueFull,
// `disconnected` if the worker died or the pool cannot run the call, `unimplemented` for an
// interface or a method that the worker does not export, and `failed` otherwise; what a method
// threw as a kj::Exception keeps its type. failureOf() has the whole Failure, with the certificate
// of a death; so has the Deferred of fromPromise().
//
// Life: a client may outlive its pool and the Reactor's run; its calls then fail with PoolStopped.
// It must be gone before the Reactor. Thread rule: the loop's. Who does not include this header
// needs no Cap'n Proto.
#pragma once

#include <capnp/capability.h>
#include <capnp/schema.h>
#include <phial/master/kj_bridge.h>
#include <phial/master/submitter.h>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {
capnp::Capability::Client clientOf(const Submitter& pool, capnp::InterfaceSchema interface);
}  // namespace detail

/// A client whose calls are run by the workers of `pool`, with the options of that Submitter.
template <class Interface>
typename Interface::Client client(const Submitter& pool) {
  return detail::clientOf(pool, capnp::Schema::from<Interface>()).template castAs<Interface>();
}

/// The Failure that a promise's exception stands for. That of another kj::Exception holds it.
Failure failureOf(const kj::Exception& exception);

}  // namespace phial::inline v1

#pragma GCC visibility pop
