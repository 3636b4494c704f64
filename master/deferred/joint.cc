#include <phial/master/detail/deferred_joint.h>

#include <utility>

namespace phial::inline v1::detail {

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

bool JointSource::decides(std::size_t index, Node& result) noexcept {
  try {
    return arrived(index, result);
  } catch (...) {  // moving a value threw
    fail(Failure::current());
    return true;
  }
}

Ref<Chain> JointSource::childReady(Child& child) {
  Ref<Chain> chain = std::move(child.chain);
  Ref<Node> result = chain->takeResult();
  const bool decided = decides(child.index, *result);
  const std::optional<Failure> unheard = std::exchange(unheard_, {});
  Ref<Chain> next;
  if (decided) {
    next = conclude();
  } else {
    dropProducer();  // may destroy this
  }
  if (unheard) reportUnhandled(*unheard);
  return next;
}

Ref<Chain> JointSource::conclude() {
  std::vector<std::pair<std::size_t, Ref<Chain>>> rest;
  for (auto& child : children_) {
    if (!child->chain) continue;
    child->chain->forgetWaiter();
    rest.emplace_back(child->index, std::move(child->chain));
  }
  for (auto& [index, chain] : rest) letGo(index, std::move(chain));
  return settle();
}

WaitingFor JointSource::waitingFor() const {
  WaitingFor waiting;
  for (const auto& child : children_) {
    if (child->chain) waiting.chains.push_back(child->chain.get());
  }
  waiting.what = "a list of " + std::to_string(children_.size()) + " Deferreds, of which " +
                 std::to_string(waiting.chains.size()) + " have no result";
  return waiting;
}

void JointSource::cancel(std::vector<Ref<Chain>>& next) {
  cancelled_ = true;
  for (auto child = children_.rbegin(); child != children_.rend(); ++child) {
    if ((*child)->chain) next.push_back((*child)->chain);
  }
}

}  // namespace phial::inline v1::detail
