#include <phial/master/coroutine.h>

namespace phial::inline v1::detail {

CoroutineSource::~CoroutineSource() {
  if (frame_) frame_.destroy();
}

Ref<Chain> CoroutineSource::resume(std::coroutine_handle<> handle) {
  awaited_ = nullptr;
  trampolined_ = true;
  handle.resume();
  trampolined_ = false;
  return frame_ ? Ref<Chain>() : settle();
}

std::optional<Failure> CoroutineSource::ring(const Chain& chain) const {
  if (!Chain::waitsFor(chain, this->chain())) return {};
  return Failure(CircularWaitError("a coroutine awaits a Deferred that waits for the coroutine"));
}

void CoroutineSource::suspendOn(Chain& chain, Waiter& waiter) {
  awaited_ = &chain;
  waiter.source = this;
  chain.await(waiter);  // hands on the producer that the running coroutine was
}

void CoroutineSource::end() noexcept {
  Ref<CoroutineSource> self(this);
  std::exchange(frame_, nullptr).destroy();
  if (!trampolined_) fire();
}

void CoroutineSource::cancel(std::vector<Ref<Chain>>& next) {
  if (awaited_) next.emplace_back(awaited_);
}

WaitingFor CoroutineSource::waitingFor() const {
  if (!awaited_) return {"a coroutine, which runs or awaits no Deferred", {}};
  return {"a coroutine", {awaited_}};
}

void resumeForeign(std::coroutine_handle<> handle) noexcept {
  try {
    handle.resume();
  } catch (...) {
    reportUnhandled(Failure::current());
  }
}

}  // namespace phial::inline v1::detail
