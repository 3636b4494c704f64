#include "master/interface/object_boundary.h"

#include <capnp/membrane.h>
#include <capnp/orphan.h>
#include <phial/master/errors.h>
#include <phial/master/kj_bridge.h>

#include <optional>
#include <utility>

namespace phial::inline v1::detail {

using capnp::AnyPointer;
using capnp::Capability;
using capnp::MembranePolicy;
using capnp::Orphanage;

// What the wrapped capabilities share with the boundary, and may keep for longer.
struct ObjectBoundary::State : std::enable_shared_from_this<State> {
  explicit State(std::function<void()> onChange)
      : changed(std::move(onChange)),
        end(kj::newPromiseAndFulfiller<void>()),
        ended(end.promise.fork()) {}

  void copyIn(AnyPointer::Reader from, AnyPointer::Builder to);
  void copyOut(AnyPointer::Reader from, AnyPointer::Builder to);
  void tell() {
    if (changed) changed();
  }

  std::function<void()> changed;  // null after the end
  std::size_t calls = 0;
  // The policy of all objects that the program holds, while it holds any. It is theirs.
  Side* objects = nullptr;
  kj::Own<Root> root;
  std::optional<Failure> reason;  // of the end
  kj::PromiseFulfillerPair<void> end;
  kj::ForkedPromise<void> ended;
};

// What makes all policies below it one membrane, so that what comes back is unwrapped. It decides
// nothing.
class ObjectBoundary::Root final : public MembranePolicy, public kj::Refcounted {
 public:
  kj::Maybe<Capability::Client> inboundCall(std::uint64_t, std::uint16_t,
                                            Capability::Client) override {
    return nullptr;
  }
  kj::Maybe<Capability::Client> outboundCall(std::uint64_t, std::uint16_t,
                                             Capability::Client) override {
    return nullptr;
  }
  kj::Own<MembranePolicy> addRef() override { return kj::addRef(*this); }
};

// The policy of what crosses in one direction. Each wrapped capability holds it.
class ObjectBoundary::Side final : public MembranePolicy, public kj::Refcounted {
 public:
  enum class Of { objects, callbacks };

  Side(std::shared_ptr<State> state, Of of) : state_(std::move(state)), of_(of) {
    if (of_ == Of::objects) state_->objects = this;
  }
  ~Side() noexcept(false) {
    if (of_ != Of::objects) return;
    state_->objects = nullptr;
    state_->tell();
  }

  kj::Maybe<Capability::Client> inboundCall(std::uint64_t, std::uint16_t,
                                            Capability::Client object) override;
  kj::Maybe<Capability::Client> outboundCall(std::uint64_t, std::uint16_t,
                                             Capability::Client) override {
    return nullptr;
  }
  kj::Own<MembranePolicy> addRef() override { return kj::addRef(*this); }
  MembranePolicy& rootPolicy() override { return *state_->root; }

 private:
  const std::shared_ptr<State> state_;
  const Of of_;
};

// Passes a call on to an object of the worker's, and knows how it ends.
class ObjectBoundary::Object final : public Capability::Server {
 public:
  using Context = capnp::CallContext<AnyPointer, AnyPointer>;

  Object(std::shared_ptr<State> state, Capability::Client object)
      : state_(std::move(state)), object_(kj::mv(object)) {}

  DispatchCallResult dispatchCall(std::uint64_t interfaceId, std::uint16_t method,
                                  Context context) override {
    if (state_->reason) return {toKjException(*state_->reason), false};
    context.allowCancellation();
    const auto params = context.getParams();
    auto request = object_.typelessRequest(interfaceId, method, params.targetSize());
    state_->copyIn(params, request);
    auto answer = request.send().then(
        [state = state_, context](capnp::Response<AnyPointer>&& response) mutable {
          state->copyOut(response, context.getResults(response.targetSize()));
        });
    auto outcome = answer.catch_([state = state_, object = object_](kj::Exception&& e) mutable {
      return explain(std::move(state), kj::mv(object), kj::mv(e));
    });
    return {outcome.attach(kj::heap<UnderWay>(state_)), false};
  }

 private:
  // The end of the connection is seen before the worker's, which says why. A method may also fail
  // as if disconnected: then the connection still answers.
  static kj::Promise<void> explain(std::shared_ptr<State> state, Capability::Client object,
                                   kj::Exception exception) {
    using Type = kj::Exception::Type;
    if (exception.getType() != Type::DISCONNECTED) return kj::mv(exception);
    constexpr std::uint64_t kNoInterface = 0;
    return object.typelessRequest(kNoInterface, 0, nullptr)
        .send()
        .then([exception](auto&&) mutable -> kj::Promise<void> { return kj::mv(exception); },
              [state, exception](kj::Exception&& probe) mutable -> kj::Promise<void> {
                if (probe.getType() != Type::DISCONNECTED) return kj::mv(exception);
                return state->ended.addBranch().then(
                    [state]() -> kj::Promise<void> { return toKjException(*state->reason); });
              });
  }

  // Counts a call, while it is under way.
  struct UnderWay {
    explicit UnderWay(std::shared_ptr<State> itsState) : state(std::move(itsState)) {
      ++state->calls;
      state->tell();
    }
    ~UnderWay() {
      --state->calls;
      state->tell();
    }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;

    const std::shared_ptr<State> state;
  };

  const std::shared_ptr<State> state_;
  Capability::Client object_;
};

kj::Maybe<Capability::Client> ObjectBoundary::Side::inboundCall(std::uint64_t, std::uint16_t,
                                                                Capability::Client object) {
  return Capability::Client(kj::heap<Object>(state_, kj::mv(object)));
}

ObjectBoundary::ObjectBoundary(std::function<void()> changed)
    : state_(std::make_shared<State>(std::move(changed))) {
  state_->root = kj::refcounted<Root>();
}

ObjectBoundary::~ObjectBoundary() { end(Failure(PoolStopped("the pool of the object has ended"))); }

// A callback holds a policy of its own, which does not bind the worker.
void ObjectBoundary::State::copyIn(AnyPointer::Reader from, AnyPointer::Builder to) {
  if (from.targetSize().capCount == 0) return to.set(from);
  auto policy = kj::refcounted<Side>(shared_from_this(), Side::Of::callbacks);
  to.adopt(capnp::copyIntoMembrane(from, Orphanage::getForMessageContaining(to), kj::mv(policy)));
}

void ObjectBoundary::State::copyOut(AnyPointer::Reader from, AnyPointer::Builder to) {
  if (from.targetSize().capCount == 0) return to.set(from);
  const bool first = objects == nullptr;
  kj::Own<MembranePolicy> policy;
  if (first) {
    policy = kj::refcounted<Side>(shared_from_this(), Side::Of::objects);
  } else {
    policy = objects->addRef();
  }
  to.adopt(capnp::copyOutOfMembrane(from, Orphanage::getForMessageContaining(to), kj::mv(policy)));
  if (first && objects != nullptr) tell();
}

void ObjectBoundary::copyIn(AnyPointer::Reader from, AnyPointer::Builder to) {
  state_->copyIn(from, to);
}

void ObjectBoundary::copyOut(AnyPointer::Reader from, AnyPointer::Builder to) {
  state_->copyOut(from, to);
}

ObjectBoundary::Use ObjectBoundary::use() const {
  return {state_->objects != nullptr, state_->calls};
}

void ObjectBoundary::end(const Failure& reason) {
  if (state_->reason) return;
  state_->reason = reason;
  state_->changed = nullptr;
  state_->end.fulfiller->fulfill();
}

}  // namespace phial::inline v1::detail
