#include <phial/master/deferred_lock.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace phial::inline v1 {
namespace detail {
namespace {

/// The canceller of a request that waits.
struct LeaveLine {
  void operator()() const {
    if (const auto there = gate.lock()) there->waiting.erase(place);
  }
  WaitingFor waitingFor() const {
    const auto there = gate.lock();
    return there ? there->turn() : WaitingFor{"its turn at a lock that has gone", {}};
  }

  std::weak_ptr<LockGate> gate;
  LockPlaces::iterator place;
};

}  // namespace

LockRequest LockGate::request() {
  if (!open) return {fail<void>(CancelledError("the lock is being destroyed")), {}};
  if (tokens() > 0) {
    auto deferred = succeed();
    held.push_front({{}, Access::handleTarget(deferred)});
    return {std::move(deferred), held.begin()};
  }
  const auto place = waiting.emplace(waiting.end());
  auto made = newDeferred<void>(LeaveLine{weak_from_this(), place});
  place->resolver = std::move(made.resolver);
  place->holder = Access::handleTarget(made.deferred);
  return {std::move(made.deferred), place};
}

void LockGate::own(LockPlaces::iterator place) {
  place->owned = true;
  held.splice(held.end(), held, place);
}

void LockGate::giveBack(LockPlaces::iterator place) {
  held.erase(place);
  // One that is let in may be done at once and release again: a loop, lest a long queue recurse.
  if (!lettingIn) letIn();
}

void LockGate::letIn() {
  const auto self = shared_from_this();  // a callback may destroy the semaphore
  lettingIn = true;
  while (open && tokens() > 0 && !waiting.empty()) {
    held.splice(held.begin(), waiting, waiting.begin());
    std::exchange(held.front().resolver, {}).callback();
  }
  lettingIn = false;
}

void LockGate::close() {
  const auto self = shared_from_this();  // the last guard may end in a callback
  open = false;
  while (!waiting.empty()) {
    Resolver<void> first = std::move(waiting.front().resolver);
    waiting.pop_front();
    first.errback(CancelledError("what was waited for has been destroyed"));
  }
}

// Of several holders that use release(), none is told: which of them has released is not known.
WaitingFor LockGate::turn() const {
  WaitingFor turn{"its turn at a lock", {}, "held by "};
  if (limit > 1) turn.what = "its turn at a semaphore of " + std::to_string(limit) + " places";
  turn.what += ", where " + std::to_string(waiting.size() - 1) + " others wait";
  for (const auto& place : held) {
    Chain* const holder = place.owned || limit == 1 ? place.holder->chain() : nullptr;
    if (holder) turn.chains.push_back(holder);
  }
  const std::size_t unknown = held.size() - turn.chains.size();
  if (unknown > 0) turn.what += "; of its holders " + std::to_string(unknown) + " cannot be told";
  return turn;
}

}  // namespace detail

DeferredSemaphore::DeferredSemaphore(std::size_t limit)
    : gate_(std::make_shared<detail::LockGate>(limit)) {
  if (limit == 0) throw std::invalid_argument("a semaphore that lets nobody in");
}

DeferredSemaphore::~DeferredSemaphore() { gate_->close(); }

LockGuard& LockGuard::operator=(LockGuard&& other) noexcept {
  const LockGuard released(std::move(*this));
  gate_ = std::move(other.gate_);
  place_ = other.place_;
  return *this;
}

void LockGuard::release() noexcept {
  const auto gate = std::exchange(gate_, nullptr);  // callbacks may destroy this
  if (gate) gate->giveBack(place_);
}

void LockGuard::heldBy(detail::Ref<detail::HandleTarget> holder) noexcept {
  if (gate_ && holder) place_->holder = std::move(holder);
}

Acquisition DeferredSemaphore::acquire() { return {gate_->request(), gate_}; }

void DeferredSemaphore::release() {
  const auto place = gate_->held.begin();  // owned places are behind the others
  if (place == gate_->held.end()) throw std::logic_error("released more often than acquired");
  if (place->owned) throw std::logic_error("released a place that has an owner: a guard or run()");
  gate_->giveBack(place);
}

std::size_t DeferredSemaphore::limit() const { return gate_->limit; }

std::size_t DeferredSemaphore::tokens() const { return gate_->tokens(); }

std::size_t DeferredSemaphore::waiting() const { return gate_->open ? gate_->waiting.size() : 0; }

}  // namespace phial::inline v1
