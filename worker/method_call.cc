#include "worker/method_call.h"

#include <capnp/message.h>
#include <phial/protocol/failure.h>
#include <phial/protocol/loop_bridge.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace phial::inline v1::detail {
namespace {

using capnp::AnyPointer;

// What a method says by a kj::Exception, with its type: overloaded, disconnected, unimplemented.
Failure failureOf(const kj::Exception& exception) {
  const Failure whole{std::make_exception_ptr(exception)};
  return Failure::remote({.types = whole.types(),
                          .message = exception.getDescription().cStr(),
                          .traceback = whole.traceback(),
                          .code = ErrorCode{static_cast<int>(exception.getType()), kKjCategory},
                          .fromJob = true});
}

}  // namespace

// What a method sees of its call: as a call between two objects of one process.
class MethodCall::Context final : public capnp::CallContextHook, public kj::Refcounted {
 public:
  explicit Context(AnyPointer::Reader params) : params_(params) {}

  AnyPointer::Reader getParams() override {
    KJ_IF_MAYBE (params, params_) return *params;
    KJ_FAIL_REQUIRE("getParams() was called after releaseParams()");
  }
  void releaseParams() override { params_ = nullptr; }
  AnyPointer::Builder getResults(kj::Maybe<capnp::MessageSize> sizeHint) override {
    if (!results_) {
      capnp::uint words = capnp::SUGGESTED_FIRST_SEGMENT_WORDS;
      KJ_IF_MAYBE (hint, sizeHint)
        words = static_cast<capnp::uint>(kj::min(hint->wordCount, kMost));
      results_.emplace(words + 1);
    }
    return results_->getRoot<AnyPointer>();
  }
  kj::Promise<void> tailCall(kj::Own<capnp::RequestHook>&& request) override {
    auto call = directTailCall(kj::mv(request));
    return kj::mv(call.promise);
  }
  capnp::ClientHook::VoidPromiseAndPipeline directTailCall(
      kj::Own<capnp::RequestHook>&& request) override {
    auto answer = request->send();
    auto done =
        answer.then([self = kj::addRef(*this)](capnp::Response<AnyPointer>&& response) mutable {
          self->getResults(response.targetSize()).set(response);
        });
    return {kj::mv(done), capnp::PipelineHook::from(kj::mv(answer))};
  }
  // Nothing is called on the results before they have arrived, and the pool ends a job that it has
  // cancelled.
  kj::Promise<AnyPointer::Pipeline> onTailCall() override { return kj::NEVER_DONE; }
  void setPipeline(kj::Own<capnp::PipelineHook>&&) override {}
  void allowCancellation() override {}
  kj::Own<capnp::CallContextHook> addRef() override { return kj::addRef(*this); }

  AnyPointer::Reader results() const {
    return results_ ? results_->getRoot<AnyPointer>().asReader() : AnyPointer::Reader();
  }

 private:
  static constexpr std::uint64_t kMost = 1 << 20;

  kj::Maybe<AnyPointer::Reader> params_;
  mutable std::optional<capnp::MallocMessageBuilder> results_;  // reading changes its state
};

MethodCall::MethodCall(capnp::Capability::Server& object, const InterfaceMethod& method,
                       AnyPointer::Reader params)
    : object_(object), method_(method), context_(kj::refcounted<Context>(params)) {}

MethodCall::~MethodCall() noexcept(false) = default;

kj::Promise<void> MethodCall::call() {
  auto called = object_.dispatchCall(method_.interfaceId, method_.number,
                                     capnp::CallContext<AnyPointer, AnyPointer>(*context_));
  return kj::mv(called.promise);
}

void MethodCall::run() {
  try {
    LoopBridge& bridge = *LoopBridge::current();
    auto called = call();  // the method itself is at the top level
    const LoopBridge::WaitsHere waits(bridge);
    called.wait(bridge.waitScope());
  } catch (const kj::Exception& exception) {
    failureOf(exception).rethrow();
  }
  context_->releaseParams();
}

std::uint64_t MethodCall::resultWords() const {
  return context_->results().targetSize().wordCount + 1;
}

bool MethodCall::returnsCapabilities() const {
  return context_->results().targetSize().capCount > 0;
}

void MethodCall::encodeResults(schema::JobResult::Builder to) const {
  to.initResults().set(context_->results());
}

}  // namespace phial::inline v1::detail
