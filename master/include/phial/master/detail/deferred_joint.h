// One Deferred made of many: the common part of gatherResults, DeferredList and race. Not meant to
// be used directly.
#pragma once

#include <phial/master/deferred.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// Waits for the results of several chains. A subclass combines the results.
class JointSource : public Source {
 public:
  JointSource();
  /// Begins to wait. Must be called once, while this object is held by its chain.
  void watch(std::vector<Ref<Chain>> chains);

  /// Cancels every pending chain; the results that they then have are combined as usual.
  void cancel(std::vector<Ref<Chain>>& next) override;
  bool awaitsChains() const noexcept override { return true; }
  WaitingFor waitingFor() const override;

 protected:
  ~JointSource() override;

  /// Receives the result of one chain. Returns true when the combined result is in the slot; no
  /// other chain is waited for then. An exception becomes the combined result. Must not call the
  /// hook for unhandled errors, because the hook may call back in: see unheard_.
  virtual bool arrived(std::size_t index, Node& result) = 0;
  /// Called when the combined result is decided: `chain`, the one at `index`, is still pending, and
  /// its result no longer counts.
  virtual void letGo(std::size_t index, Ref<Chain> chain) = 0;

  bool cancelled_ = false;
  std::optional<Failure> unheard_;  // reported when the bookkeeping is complete

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

/// Makes the Deferred of a `Joint`, which combines the results of `chains` to an R.
template <class R, class Joint>
Deferred<R> join(Ref<Joint> joint, std::vector<Ref<Chain>> chains) {
  auto result = Access::wrap<R>(Chain::pending(joint));
  joint->watch(std::move(chains));
  return result;
}

/// Drops the result of a Deferred, even a failure.
template <class T>
void ignoreErrors(Ref<Chain> chain) {
  auto ignored = Access::wrap<T>(std::move(chain)).addErrback([](const Failure&) {});
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
