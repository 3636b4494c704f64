// Exports a Cap'n Proto interface from a worker.
//
//   int main(int argc, char** argv) {
//     phial::Worker worker;
//     phial::exportInterface(worker, kj::heap<CalculatorImpl>());
//     return worker.serve(argc, argv);
//   }
//
// A master calls it through phial::client<Calculator>(pool), in <phial/master/client.h>: each call
// is a job, which some free worker runs on its object.
//
// The object's methods are called one at a time, on the worker's main thread and at the top level
// of its loop. A method may therefore take its time, block, and use currentJob(). One that returns
// a promise is waited for; the worker takes up no other job meanwhile. An exception that a method
// throws, or its promise fails with, arrives at the caller. What an object keeps between calls is a
// matter of one worker's: the next call may go to another.
//
// Who does not include this header needs no Cap'n Proto.
#pragma once

#include <capnp/capability.h>
#include <capnp/schema.h>
#include <phial/worker/worker.h>

#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {
void exportObject(Worker& worker, kj::Own<capnp::Capability::Server> object,
                  capnp::InterfaceSchema interface);
}  // namespace detail

/// Exports `object`, an Interface::Server, and owns it from here on. Several interfaces may be
/// exported; two objects of one interface may not, since a call could not tell them apart: both are
/// refused by name then. REQUIRES: serve() has not been called.
template <class Server>
void exportInterface(Worker& worker, kj::Own<Server> object) {
  detail::exportObject(worker, kj::mv(object), capnp::Schema::from<typename Server::Serves>());
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
