#include <phial/master/scope.h>

#include <algorithm>
#include <utility>

namespace phial::inline v1 {
namespace {

bool ended(const detail::Ref<detail::HeldDeferred>& held) {
  return held->target->chain() == nullptr;
}

}  // namespace

Scope::~Scope() {
  ending_ = true;
  const auto held = std::exchange(held_, {});
  for (const auto& one : held) detail::Chain::abandon(*one->target, one->first);
  for (const auto& one : held) {
    detail::Ref<detail::Chain> chain(one->target->chain());
    if (chain) detail::Chain::cancel(std::move(chain));
  }
}

void Scope::add(detail::Ref<detail::HeldDeferred> held) {
  if (held_.size() >= most_) forgetEnded();
  held_.push_back(std::move(held));
}

void Scope::forgetEnded() {
  std::erase_if(held_, ended);
  most_ = std::max<std::size_t>(8, 2 * held_.size());  // a constant number of steps for each hold()
}

std::size_t Scope::size() const {
  return held_.size() - static_cast<std::size_t>(std::ranges::count_if(held_, ended));
}

}  // namespace phial::inline v1
