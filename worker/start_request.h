// The start call of a master, until its function has run.
#pragma once

#include <kj/async.h>
#include <phial/protocol/failure.h>
#include <phial/schema/worker.capnp.h>

namespace phial::inline v1::detail {

class StartRequest {
 public:
  using Context = capnp::CallContext<schema::Worker::StartParams, schema::Worker::StartResults>;

  StartRequest(Context context, kj::Own<kj::PromiseFulfiller<void>> done)
      : context_(kj::mv(context)), done_(kj::mv(done)) {}

  schema::Job::Reader call() { return context_.getParams().getCall(); }
  /// Says why the function did not return. REQUIRES: answer() has not been called.
  void fail(const Failure& failure);
  void answer() { done_->fulfill(); }

 private:
  Context context_;
  kj::Own<kj::PromiseFulfiller<void>> done_;
};

}  // namespace phial::inline v1::detail
