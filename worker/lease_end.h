// The end of a lease, until the session has been destroyed.
#pragma once

#include <kj/async.h>
#include <phial/schema/worker.capnp.h>

namespace phial::inline v1::detail {

class LeaseEnd {
 public:
  using Context =
      capnp::CallContext<schema::Worker::EndLeaseParams, schema::Worker::EndLeaseResults>;

  LeaseEnd(Context context, kj::Own<kj::PromiseFulfiller<void>> done)
      : context_(kj::mv(context)), done_(kj::mv(done)) {}

  void answer() { done_->fulfill(); }

 private:
  Context context_;
  kj::Own<kj::PromiseFulfiller<void>> done_;
};

}  // namespace phial::inline v1::detail
