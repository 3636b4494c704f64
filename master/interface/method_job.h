// A call of a method of a Cap'n Proto interface, as a job.
//
// The parameters stay in the caller's message until the job is written, and the results are copied
// into the caller's answer when they arrive. The caller's context is not touched once the job has
// settled: it may be gone then.
#pragma once

#include <capnp/capability.h>
#include <phial/master/detail/deferred_link.h>
#include <phial/master/detail/job.h>

#include <cstdint>
#include <optional>

#include "master/worker/method_call.h"

namespace phial::inline v1::detail {

class MethodJob final : public Holding<void, Job>, public MethodCall {
 public:
  using Context = capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer>;

  /// `context` is valid until the job has settled.
  MethodJob(Job::Ticket ticket, Ref<CallOptions> options, const FunctionName& method,
            Context context)
      : Holding(ticket, std::move(options), method),
        context_(context),
        words_(context.getParams().targetSize().wordCount + 1) {}

  unsigned argumentCount() const override { return 0; }
  std::uint64_t argumentWords() const override { return words_; }
  void encodeArguments(capnp::List<schema::Value>::Builder) const override {}
  std::shared_ptr<const void> arguments() const override { return nullptr; }
  void accept(schema::Value::Reader) override {
    throw EncodingError("the worker answered a call of a method with a value");
  }

  class MethodCall* method() noexcept override { return this; }
  void encodeParams(capnp::AnyPointer::Builder to) const override { to.set(context_->getParams()); }
  void acceptResults(capnp::AnyPointer::Reader results) override {
    context_->getResults(results.targetSize()).set(results);
    outcome.emplace();
  }

 protected:
  void discard() noexcept override {
    context_.reset();
    Job::discard();
  }

 private:
  mutable std::optional<Context> context_;
  const std::uint64_t words_;
};

}  // namespace phial::inline v1::detail
