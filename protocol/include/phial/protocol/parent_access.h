// What <phial/worker/parent.h> asks of the worker: the interface that the master's program exports.
// Nothing here is for users.
//
// Thread rule: the thread that runs the job.
#pragma once

#include <capnp/capability.h>
#include <kj/async.h>

#include <cstdint>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

class ParentAccess {
 public:
  /// The program's object, if it has this interface. Its calls fail once the job has ended. Throws
  /// NoSuchInterface.
  virtual capnp::Capability::Client object(std::uint64_t interfaceId) = 0;
  /// Waits in line for `promise`. Lets out its failure; throws CancelledError and ParentGone.
  virtual void waitFor(kj::Promise<void> promise) = 0;

 protected:
  ~ParentAccess() = default;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
