// The worker's end of the conversation: takes calls from the wire and leaves them for the runtime.
#pragma once

#include <phial/schema/worker.capnp.h>

namespace phial::inline v1::detail {

class Runtime;

class Server final : public schema::Worker::Server {
 public:
  /// `runtime` is borrowed and outlives this.
  explicit Server(Runtime& runtime) : runtime_(runtime) {}

  kj::Promise<void> describe(DescribeContext context) override;
  kj::Promise<void> run(RunContext context) override;
  kj::Promise<void> start(StartContext context) override;
  kj::Promise<void> endLease(EndLeaseContext context) override;
  kj::Promise<void> shutdown(ShutdownContext context) override;

 private:
  Runtime& runtime_;
};

}  // namespace phial::inline v1::detail
