#include <phial/master/detail/runner.h>
#include <phial/master/detail/stream_pool.h>
#include <phial/master/errors.h>
#include <phial/master/map.h>

#include <algorithm>
#include <utility>

namespace phial::inline v1::detail {

StreamPool::StreamPool(const std::shared_ptr<Runner>& runner, const char* call)
    : runner_(runner), hold_(runner->hold()) {
  static_cast<void>(runner->enter(call));
}

std::shared_ptr<Runner> StreamPool::runner() const {
  auto runner = runner_.lock();
  return runner && !runner->closed() ? runner : nullptr;
}

bool StreamPool::closed() const { return runner() == nullptr; }

std::size_t StreamPool::capacity() const {
  const auto runner = runner_.lock();
  return runner ? runner->capacity() : 1;
}

bool StreamPool::hasTimeout() const {
  const auto runner = runner_.lock();
  return runner && runner->hasTimeout();
}

bool StreamPool::hasRoom() const {
  const auto runner = runner_.lock();
  return !runner || runner->hasRoom();
}

Deferred<void> StreamPool::whenRoom() const {
  const auto runner = runner_.lock();
  return runner ? runner->whenRoom() : fail<void>(poolGone());
}

Deferred<void> StreamPool::nextTurn() const {
  const auto runner = runner_.lock();
  if (!runner) return succeed();
  return runner->nextTurn().addErrback([](const Failure&) {});
}

Deferred<void> StreamPool::soon() const {
  const auto runner = runner_.lock();
  return runner ? runner->soon() : succeed();
}

Deferred<void> StreamPool::later() const {
  const auto runner = runner_.lock();
  return runner ? runner->later() : succeed();
}

Failure poolGone() { return Failure(PoolStopped("the pool has ended")); }

bool isOfElements(const Failure& failure) {
  if (failure.isRemote()) return true;
  return !failure.check<PoolStopped, StartupFailed, UnknownFunction, QueueFull, DeadlineExceeded,
                        CancelledError>();
}

std::optional<std::uint64_t> deadlyElement(const Failure& failure) {
  const DeathCertificate* const death = failure.certificate();
  return death != nullptr ? death->element : std::nullopt;
}

Deferred<void> exhaust(std::shared_ptr<ChunkFlow> stream) {
  for (;;) {
    const auto chunk = co_await stream->next();
    if (!chunk) co_return;
  }
}

void ForEach::cancel() {
  stream->stop(Failure(CancelledError()));
  if (awaited != nullptr) Chain::cancel(Ref<Chain>(awaited));
}

GivingUp::~GivingUp() {
  run_.awaited = nullptr;
  run_.stream->stop(Failure(CancelledError()));
}

Deferred<void> forEachOf(std::shared_ptr<ChunkFlow> stream,
                         const std::function<Deferred<void>(std::shared_ptr<ForEach>)>& deliver) {
  auto run = std::make_shared<ForEach>(std::move(stream));
  auto made = newDeferred<void>([run] { run->cancel(); });
  deliver(std::move(run))
      .addBoth([resolver = std::move(made.resolver)](const Outcome<void>& outcome) {
        if (resolver.called()) return;
        outcome.ok() ? resolver.callback() : resolver.errback(outcome.failure());
      });
  return std::move(made.deferred);
}

}  // namespace phial::inline v1::detail
