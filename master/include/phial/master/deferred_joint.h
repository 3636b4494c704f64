// One Deferred made of many: what gatherResults, DeferredList and race have in common. Nothing here
// is meant to be used directly.
#pragma once

#include <phial/master/deferred.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace phial::detail {

/// Waits at the end of several chains. Each subclass says what their results make up.
class JointSource : public Source {
 public:
  JointSource();
  /// Begins to wait. To be called once, with this held by its chain.
  void watch(std::vector<Ref<Chain>> chains);

  /// Cancels every chain that is pending; what they then bring decides.
  void cancel(std::vector<Ref<Chain>>& next) override;
  bool awaitsChains() const noexcept override { return true; }

 protected:
  ~JointSource() override;

  /// The result of one chain. True: the result of all is in the slot, and no other is waited for.
  /// What it throws becomes the result of all. Must not call the hook for unhandled errors, which
  /// may call back in: see unheard_.
  virtual bool arrived(std::size_t index, Node& result) = 0;
  /// The result of all is decided, and `chain`, which is pending, has no say in it any more.
  virtual void letGo(Ref<Chain> chain) = 0;

  bool cancelled_ = false;
  std::optional<Failure> unheard_;  // to be reported once the books are in order

 private:
  struct Child;

  bool decides(std::size_t index, Node& result) noexcept;

  Ref<Chain> childReady(Child& child);
  Ref<Chain> conclude();

  std::vector<std::unique_ptr<Child>> children_;
};

template <class T>
std::vector<Ref<Chain>> unwrapAll(std::vector<Deferred<T>>& deferreds) {
  std::vector<Ref<Chain>> chains;
  chains.reserve(deferreds.size());
  for (auto& deferred : deferreds) chains.push_back(Access::unwrap(deferred));
  return chains;
}

/// The Deferred of a `Joint`, which yields an R from Deferreds of T.
template <class R, class Joint, class T>
Deferred<R> join(Ref<Joint> joint, std::vector<Deferred<T>> deferreds) {
  auto result = Access::wrap<R>(Chain::pending(joint));
  joint->watch(unwrapAll(deferreds));
  return result;
}

/// Nobody wants the result of this Deferred, nor to hear of its failure.
template <class T>
void ignoreErrors(Ref<Chain> chain) {
  auto ignored = Access::wrap<T>(std::move(chain)).addErrback([](const Failure&) {});
}

}  // namespace phial::detail
