#include <phial/master/deferred_handle.h>

#include <utility>

namespace phial::inline v1 {
namespace detail {

/// Stands in an outer chain, behind the last link of an absorbed Deferred that has handles.
class HandleEnd final : public Link {
 public:
  explicit HandleEnd(Ref<HandleTarget> ends) : target(std::move(ends)) {
    spent = true;
    endsHandles = true;
  }

  const Ref<HandleTarget> target;

 private:
  // It is spent: none of these is called.
  void* slot() noexcept override { return nullptr; }
  const Failure* failure() const noexcept override { return nullptr; }
  void fail(Failure) override {}
  Ref<Chain> run(Node&) override { return {}; }
  Ref<Node> failed(Failure) const override { return {}; }
  void destroyCallback() noexcept override {}
};

namespace {

HandleTarget& targetOf(Link& end) noexcept { return *static_cast<HandleEnd&>(end).target; }

}  // namespace

Chain* HandleTarget::chain() const noexcept {
  const HandleTarget* target = this;
  while (target->outer_) target = target->outer_.get();
  return target->own_ && !target->own_->dying() ? target->own_ : nullptr;
}

bool HandleTarget::encloses(const HandleTarget& target) const noexcept {
  const HandleTarget* other = &target;
  while (other && other != this) other = other->outer_.get();
  return other != nullptr;
}

Ref<HandleTarget> Chain::handleTarget(Ref<Chain> chain) {
  chain = resolve(std::move(chain));
  if (!chain->handles_) {
    chain->handles_ = Ref<HandleTarget>(new HandleTarget);
    chain->handles_->own_ = chain.get();
  }
  return chain->handles_;
}

Ref<HandleTarget> Source::handleTarget() const {
  return chain_ ? Chain::handleTarget(Ref<Chain>(chain_)) : Ref<HandleTarget>();
}

void Chain::endHandles(Link& end) noexcept { targetOf(end).outer_ = {}; }

void Chain::takeOverHandles(Chain& inner) {
  const Ref<HandleTarget> target = std::move(inner.handles_);
  target->own_ = nullptr;
  if (inner.idle()) return;  // the inner Deferred has ended
  target->outer_ = handleTarget(Ref<Chain>(this));
  pushFront(Ref<Link>(new HandleEnd(target)));
}

void Chain::popSpent() noexcept {
  Ref<Link> end;  // of these handles' ends the outermost: after a tail call all end with it
  while (last_ && last_->next->spent) {
    Ref<Link> link = pop();
    if (!link->endsHandles) continue;
    if (end) targetOf(*end).outer_ = Ref<HandleTarget>(&targetOf(*link));
    end = std::move(link);
  }
  if (end) pushFront(std::move(end));
}

void Chain::abandon(const HandleTarget& target, const Link* first) {
  const Ref<Chain> chain(target.chain());
  if (!chain) return;
  for (const auto& link : chain->laterLinks(target, first)) link->abandon();
}

std::vector<Ref<Link>> Chain::laterLinks(const HandleTarget& target, const Link* first) {
  std::vector<Ref<Link>> later;
  Link* link = last_;
  while (link) {
    link = link->next;
    if (link->endsHandles && targetOf(*link).encloses(target)) return later;
    // What stands before a spent link belongs to the Deferred that its callback has returned.
    if (link->spent || link == first) later.clear();
    if (!link->spent) later.emplace_back(link);
    if (link == last_) break;
  }
  abandoned_ = true;  // no outer Deferred follows
  return later;
}

}  // namespace detail

bool DeferredHandle::pending() const {
  const detail::Chain* chain = target_ ? target_->chain() : nullptr;
  return chain && chain->pending();
}

std::string DeferredHandle::describe() const {
  detail::Ref<detail::Chain> chain(target_ ? target_->chain() : nullptr);
  if (!chain) return target_ ? "a Deferred that has ended\n" : "no Deferred\n";
  return detail::Chain::describeWaiting(std::move(chain));
}

void DeferredHandle::cancel() const {
  if (!target_) return;
  if (detail::Ref<detail::Chain> chain(target_->chain()); chain) {
    detail::Chain::cancel(std::move(chain));
  }
}

}  // namespace phial::inline v1
