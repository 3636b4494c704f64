// Exports a Cap'n Proto interface from the master's program to the jobs of a pool.
//
//   phial::ProcessPool pool(reactor, {.parent = phial::exportToJobs(kj::heap<PricesImpl>())});
//
// A job calls it by currentJob().parent<Prices>(), in <phial/worker/parent.h>, and waits in line
// for the answer. What the interface's methods take and return may hold capabilities of either
// side.
//
// The methods run on the loop, inside KJ, as callbacks do: one may take no longer than any other
// callback, return a promise, submit jobs to the pool and answer when they have ended (such as by
// toPromise, in <phial/master/kj_bridge.h>), and stop the pool. It must not destroy the pool. What
// a method throws arrives at the job as a kj::Exception with its text. When the worker dies, or its
// job gives up, the call's promise is dropped if the method has called allowCancellation().
//
// Life: the object is the pool's until the pool is destroyed, and is shared with all pools whose
// options hold it. It must be gone before the Reactor. Thread rule: the loop's. Whoever does not
// include this header needs no Cap'n Proto.
#pragma once

#include <capnp/capability.h>
#include <capnp/schema.h>
#include <phial/master/parent_export.h>

#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {
ParentExport exportObject(kj::Own<capnp::Capability::Server> object,
                          capnp::InterfaceSchema interface);
ParentExport exportClient(capnp::Capability::Client object, capnp::InterfaceSchema interface);
}  // namespace detail

/// Exports `object`, an Interface::Server, and owns it from here on.
template <class Server>
ParentExport exportToJobs(kj::Own<Server> object) {
  using Interface = typename Server::Serves;
  return detail::exportObject(kj::mv(object), capnp::Schema::from<Interface>());
}

/// Exports what `client` refers to: exportToJobs<Prices>(client).
template <class Interface>
ParentExport exportToJobs(typename Interface::Client client) {
  return detail::exportClient(kj::mv(client), capnp::Schema::from<Interface>());
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
