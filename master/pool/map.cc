#include <phial/master/chunk_stream.h>
#include <phial/master/errors.h>

#include <algorithm>

#include "master/pool/pool_core.h"

namespace phial::detail {

bool StreamPool::closed() const {
  const auto core = core_.lock();
  return !core || core->closed();
}

std::size_t StreamPool::workers() const {
  const auto core = core_.lock();
  return core ? std::max<std::size_t>(core->maxWorkers(), 1) : 1;
}

bool StreamPool::hasRoom() const {
  const auto core = core_.lock();
  return !core || core->hasRoom();
}

Deferred<void> StreamPool::whenRoom() const {
  const auto core = core_.lock();
  return core ? core->whenRoom() : fail<void>(poolGone());
}

Deferred<void> StreamPool::nextTurn() const {
  const auto core = core_.lock();
  if (!core) return succeed();
  return core->nextTurn().addErrback([](const Failure&) {});
}

Failure poolGone() { return Failure(PoolStopped("the pool was destroyed")); }

bool isOfElements(const Failure& failure) {
  if (failure.isRemote()) return true;
  return !failure.check<PoolStopped, StartupFailed, UnknownFunction, QueueFull, DeadlineExceeded,
                        CancelledError>();
}

std::optional<std::uint64_t> deadlyElement(const Failure& failure) {
  if (const auto* death = failure.as<DeathError>()) return death->certificate().element;
  if (const auto* poison = failure.as<PoisonJob>()) return poison->certificates().back().element;
  return std::nullopt;
}

}  // namespace phial::detail
