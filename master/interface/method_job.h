// A call of a method of a Cap'n Proto interface, as a job.
//
// The parameters stay in the caller's message until the job is written, and the results are copied
// into the caller's answer when they arrive. The caller's context is not touched once the job has
// settled: it may be gone then.
#pragma once

#include <capnp/capability.h>
#include <phial/master/detail/deferred_link.h>
#include <phial/master/detail/job.h>
#include <phial/master/detail/runner.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "master/worker/method_call.h"

namespace phial::inline v1::detail {

class MethodJob final : public Holding<void, Job>, public MethodCall {
 public:
  using Context = capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer>;

  /// Submits the call to `runner`, which is null if the pool has gone. Dropping the promise cancels
  /// the job. `context` is valid as long as the promise is kept and pending.
  static kj::Promise<void> submit(Runner* runner, Ref<CallOptions> options,
                                  const FunctionName& method, Context context);

  MethodJob(Job::Ticket ticket, Ref<CallOptions> options, const FunctionName& method,
            Context context);

  unsigned argumentCount() const override { return 0; }
  std::uint64_t argumentWords() const override { return words_; }
  void encodeArguments(ListWriter) const override {}
  std::shared_ptr<const void> arguments() const override { return nullptr; }
  void accept(ValueReader) override;

  MethodCall* method() noexcept override { return this; }
  void encodeParams(capnp::AnyPointer::Builder to, ObjectBoundary& boundary) const override;
  void acceptResults(capnp::AnyPointer::Reader results, ObjectBoundary& boundary) override;

 protected:
  void discard() noexcept override;

 private:
  mutable std::optional<Context> context_;  // until the job has settled
  const std::uint64_t words_;
};

}  // namespace phial::inline v1::detail
