// A fiber as the producer of its Deferred. Part of the templates of fiber.h; nothing here is for
// users.
//
// What CoroutineSource is to a coroutine, FiberSource is to a fiber: it fires with what the
// function returns or throws, hands a cancellation on to the Deferred that the fiber waits for, and
// owns the suspended stack. A stack cannot be destroyed as a coroutine's frame can. It is resumed
// with an exception instead, so that its objects are destroyed by the function that made them:
// - when the Reactor ends, with ReactorStopped;
// - when nothing can resume the fiber any more, with CancelledError.
// From then on every wait of this fiber throws that exception. A fiber that waits again and again
// all the same is left where it is and reported: its stack and objects stay for ever.
//
// Thread rule: the loop's thread.
#pragma once

#include <phial/master/deferred.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {
class Reactor;
}  // namespace phial::inline v1

namespace phial::inline v1::detail {

class FiberSource : public Source {
 public:
  FiberSource();

  /// Makes the stack and runs the fiber up to its first wait. The caller holds this. Throws before
  /// the function is called, or not at all.
  void start(Reactor& reactor, std::size_t stackBytes);
  /// In the fiber that runs now: waits until `chain` is idle, and returns its result. Throws
  /// std::logic_error, which names `call`, when no fiber runs.
  static Ref<Node> wait(const char* call, Ref<Chain> chain);
  /// True when the caller runs on a fiber's stack.
  static bool runs() noexcept;
  /// In a fiber: what the handles of its Deferred refer to.
  static Ref<HandleTarget> ofThisStack();

  void cancel(std::vector<Ref<Chain>>& next) override;
  bool awaitsChains() const noexcept override { return awaited_ != nullptr; }
  WaitingFor waitingFor() const override;

 protected:
  ~FiberSource() override;

  /// Called once, on the fiber's stack: calls the function and puts its result into the slot. When
  /// the function returns and `orphaned` is true, this object is being destroyed: the result is
  /// given to `reportOrphan` then, if it is a failure.
  virtual void run(const bool& orphaned) = 0;
  /// Reports the failure of a fiber that has no Deferred any more, unless it is the exception by
  /// which the fiber was ended.
  static void reportOrphan(const Failure& failure) noexcept;
  /// True if `failure` is the exception by which the end of the Reactor ended this fiber. If nobody
  /// listens, it is no news.
  bool endedBy(const Failure& failure) const noexcept;

 private:
  struct Fiber;  // the stack, and what has to outlive this object's derived part

  struct Wake final : Waiter {
    explicit Wake(FiberSource& owner) : fiber(owner) {}
    Ref<Chain> resume() override { return fiber.proceed(); }
    FiberSource& fiber;
  };

  static void enter(void* self) noexcept;
  Ref<Chain> proceed();
  Ref<Chain> concluded();
  void suspendOn(Chain& chain);
  void refuse();
  void reactorEnded();

  std::unique_ptr<Fiber> fiber_;  // null before the start and after the end
  Chain* awaited_ = nullptr;      // held by the fiber's stack
  Wake wake_{*this};
  std::exception_ptr endedBy_;
};

/// The fiber that calls `f(arguments...)`. Both are moved to the fiber's stack, and destroyed there
/// before the Deferred fires.
template <class R, class F, class... A>
class FiberOf final : public Holding<R, FiberSource> {
 public:
  explicit FiberOf(F&& f, A&&... arguments)
      : call_(std::in_place, std::move(f), std::move(arguments)...) {}

  const Failure* failure() const noexcept override {
    const Failure* failure = Holding<R, FiberSource>::failure();
    return failure && this->endedBy(*failure) ? nullptr : failure;
  }

 private:
  void run(const bool& orphaned) override {
    std::optional<Outcome<R>> result = callIt();
    if (!orphaned) {
      deliver(*result);
    } else if (!result->ok()) {
      FiberSource::reportOrphan(result->failure());
    }
  }

  std::optional<Outcome<R>> callIt() {
    std::optional<Outcome<R>> result;
    try {
      auto call = std::move(*call_);
      call_.reset();
      auto invoke = [&]() -> decltype(auto) {
        return std::apply(
            [](F& f, A&... arguments) -> decltype(auto) { return f(std::move(arguments)...); },
            call);
      };
      if (auto inner = settle<R>(result, invoke)) {
        result.emplace(take<R>(*FiberSource::wait("spawnFiber", std::move(inner))));
      }
    } catch (...) {
      result.emplace(Failure::current());
    }
    return result;
  }
  void deliver(Outcome<R>& result) {
    try {
      this->outcome.emplace(std::move(result));
    } catch (...) {  // moving the value threw
      this->outcome.emplace(Failure::current());
    }
  }

  std::optional<std::tuple<F, A...>> call_;
};

template <class... A>
inline constexpr bool kOptionsLast = false;

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
