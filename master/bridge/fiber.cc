#include <phial/master/detail/thread_door.h>
#include <phial/master/fiber.h>
#include <phial/protocol/error.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "master/bridge/fiber_context.h"

namespace phial::inline v1::detail {
namespace {

/// How often a fiber that has been told to end may try to wait all the same.
constexpr int kMostRefusals = 1000;

constinit thread_local FiberSource* runningFiber = nullptr;

/// Marks the fiber that a switch leads to, for as long as the switch lasts.
class Running {
 public:
  explicit Running(FiberSource* fiber) : before_(std::exchange(runningFiber, fiber)) {}
  ~Running() { runningFiber = before_; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  FiberSource* const before_;
};

/// Kept by the Reactor's door, which destroys it at the Reactor's end.
class AtReactorsEnd {
 public:
  explicit AtReactorsEnd(std::function<void()> f) : f_(std::move(f)) {}
  ~AtReactorsEnd() { f_(); }
  AtReactorsEnd(const AtReactorsEnd&) = delete;
  AtReactorsEnd& operator=(const AtReactorsEnd&) = delete;

 private:
  const std::function<void()> f_;
};

}  // namespace

struct FiberSource::Fiber {
  Fiber(FiberSource* source, std::size_t stackBytes, std::shared_ptr<ThreadDoor> ofReactor)
      : context(stackBytes, &FiberSource::enter, source),
        door(std::move(ofReactor)),
        owner(std::make_shared<FiberSource*>(source)) {}
  ~Fiber() {
    *owner = nullptr;
    door->drop(number);
  }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  FiberContext context;
  const std::shared_ptr<ThreadDoor> door;
  const std::shared_ptr<FiberSource*> owner;  // shared with the door; null when this has gone
  std::uint64_t number = 0;                   // of what the door keeps
  std::exception_ptr ending;                  // thrown by every wait from now on
  int refusals = 0;
  bool orphaned = false;  // its FiberSource is being destroyed
};

FiberSource::FiberSource() = default;

void FiberSource::start(Reactor& reactor, std::size_t stackBytes) {
  reactor.requireThread("spawnFiber");
  const auto& door = ThreadDoor::of(reactor);
  if (door->ended()) throw ReactorStopped("spawnFiber: the reactor has ended");
  fiber_ = std::make_unique<Fiber>(this, stackBytes, door);
  auto atEnd = std::make_shared<AtReactorsEnd>([owner = fiber_->owner] {
    if (*owner) (*owner)->reactorEnded();
  });
  fiber_->number = door->keep([kept = std::move(atEnd)] { static_cast<void>(kept); });
  addProducer();  // the fiber itself, as long as it can run
  Chain::run(proceed());
}

void FiberSource::enter(void* self) noexcept {
  auto* const source = static_cast<FiberSource*>(self);
  source->run(source->fiber_->orphaned);
}

// Lets the fiber run until it waits or ends. What it waits for is told on this side of the switch:
// if that shows that nothing can ever resume the fiber, it is destroyed, and must be suspended.
Ref<Chain> FiberSource::proceed() {
  const Ref<FiberSource> self(this);
  awaited_ = nullptr;
  {
    const Running running(this);
    fiber_->context.resume();
  }
  if (!awaited_) return concluded();
  wake_.source = this;
  awaited_->await(wake_);  // hands on the producer that the running fiber was
  return {};
}

// The fiber has ended, or has been left where it is.
Ref<Chain> FiberSource::concluded() {
  auto fiber = std::move(fiber_);
  if (!fiber->context.ended()) {
    fail(Failure(fiber->ending));
    *fiber->owner = nullptr;
    static_cast<void>(fiber.release());  // NOLINT: a stack with living objects stays
  }
  fiber.reset();
  return settle();
}

Ref<Node> FiberSource::wait(const char* call, Ref<Chain> chain) {
  FiberSource* const fiber = runningFiber;
  if (!fiber) {
    throw std::logic_error(std::string(call) +
                           ": not in a fiber (spawnFiber), and the loop's thread must not block: "
                           "use co_await or a callback; on another thread, EventualResult");
  }
  chain = Chain::resolve(std::move(chain));
  if (!chain->idle()) fiber->suspendOn(*chain);
  return chain->takeResult();
}

bool FiberSource::runs() noexcept { return runningFiber != nullptr; }

Ref<HandleTarget> FiberSource::ofThisStack() { return runningFiber->handleTarget(); }

// On the fiber's stack, which outlives this object only when the fiber is orphaned.
void FiberSource::suspendOn(Chain& chain) {
  Fiber& fiber = *fiber_;
  if (fiber.ending) refuse();
  if (Chain::waitsFor(chain, this->chain())) {
    throw CircularWaitError("a fiber waits for a Deferred that waits for the fiber");
  }
  awaited_ = &chain;
  fiber.context.suspend();
  if (fiber.ending) std::rethrow_exception(fiber.ending);
}

void FiberSource::refuse() {
  Fiber& fiber = *fiber_;
  if (++fiber.refusals >= kMostRefusals) {
    reportUnhandled(Failure(Error(
        "a fiber does not end: it waits again whenever a wait throws; its stack stays for ever")));
    while (true) fiber.context.suspend();
  }
  std::rethrow_exception(fiber.ending);
}

void FiberSource::cancel(std::vector<Ref<Chain>>& next) {
  if (awaited_) next.emplace_back(awaited_);
}

WaitingFor FiberSource::waitingFor() const {
  if (!awaited_) return {"a fiber, which runs", {}};
  return {"a fiber", {awaited_}};
}

void FiberSource::reactorEnded() {
  fiber_->ending = endedBy_ = std::make_exception_ptr(ReactorStopped());
  if (!awaited_) return;  // it runs: its next wait ends it
  const Ref<FiberSource> self(this);
  awaited_->forgetWaiter();
  if (!wake_.fed) addProducer();  // running, it is a producer of its own
  wake_.fed = true;
  Chain::run(proceed());
}

// Nothing can resume it, so its stack is unwound: by the exception that its wait throws now.
FiberSource::~FiberSource() {
  if (!fiber_ || !awaited_) return;
  *fiber_->owner = nullptr;
  std::exchange(awaited_, nullptr)->forgetWaiter();
  fiber_->orphaned = true;
  fiber_->ending = std::make_exception_ptr(
      CancelledError("nothing can fire the Deferred that this fiber waits for"));
  {
    const Running running(this);
    fiber_->context.resume();
  }
  if (!fiber_->context.ended()) static_cast<void>(fiber_.release());  // NOLINT: as in concluded()
}

bool FiberSource::endedBy(const Failure& failure) const noexcept {
  return endedBy_ && failure.exception() == endedBy_;
}

void FiberSource::reportOrphan(const Failure& failure) noexcept {
  if (!failure.check<CancelledError>()) reportUnhandled(failure);
}

void LoopUntilDone::run() {
  if (!done_) {
    struct Over {
      bool& over;
      ~Over() { over = true; }
    } const atEnd{over_};
    looping_ = true;
    reactor_.run();
  }
  if (!done_) throw ReactorStopped("waitForFiber: the reactor has stopped before the fiber ended");
}

bool LoopUntilDone::done() {
  if (over_) return false;
  done_ = true;
  if (looping_) reactor_.stop();
  return true;
}

void requireOutsideFibers(const char* call) {
  if (!FiberSource::runs()) return;
  throw std::logic_error(std::string(call) +
                         ": called in a fiber, which must not run the loop: "
                         "use waitForDeferred");
}

}  // namespace phial::inline v1::detail
