#include <phial/master/deferred_joint.h>

#include <exception>

namespace phial::detail {

struct JointSource::Child final : Waiter {
  Child(JointSource& owner, std::size_t place, Ref<Chain> of)
      : joint(owner), index(place), chain(std::move(of)) {
    source = &owner;
  }
  Ref<Chain> resume() override { return joint.childReady(*this); }

  JointSource& joint;
  std::size_t index;
  Ref<Chain> chain;  // null once its result is there
};

JointSource::JointSource() = default;

JointSource::~JointSource() {
  for (auto& child : children_) {
    if (child->chain) child->chain->forgetWaiter();
  }
}

void JointSource::watch(std::vector<Ref<Chain>> chains) {
  addProducer();  // itself, as long as it is at it
  children_.reserve(chains.size());
  for (auto& chain : chains) {
    children_.push_back(std::make_unique<Child>(*this, children_.size(), std::move(chain)));
  }
  for (auto& child : children_) {
    addProducer();
    if (!child->chain->idle()) {
      child->chain->await(*child);
    } else if (auto done = childReady(*child)) {
      return Chain::run(std::move(done));
    }
  }
  dropProducer();
}

Ref<Chain> JointSource::childReady(Child& child) {
  Ref<Chain> chain = std::move(child.chain);
  Ref<Node> result = chain->takeResult();
  if (arrived(child.index, *result)) return conclude();
  dropProducer();  // may destroy this
  return {};
}

Ref<Chain> JointSource::conclude() {
  std::vector<Ref<Chain>> rest;
  for (auto& child : children_) {
    if (!child->chain) continue;
    child->chain->forgetWaiter();
    rest.push_back(std::move(child->chain));
  }
  for (auto& chain : rest) letGo(std::move(chain));
  return settle();
}

Ref<Chain> JointSource::cancelOrDelegate() {
  cancelled_ = true;
  std::vector<Ref<Chain>> pending;
  for (auto& child : children_) {
    if (child->chain) pending.push_back(child->chain);
  }
  std::exception_ptr first;
  for (auto& chain : pending) {
    try {
      Chain::cancel(std::move(chain));
    } catch (...) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
  return {};
}

}  // namespace phial::detail
