#include <phial/master/deferred_lock.h>

#include <stdexcept>
#include <utility>

namespace phial::inline v1 {

DeferredSemaphore::DeferredSemaphore(std::size_t limit)
    : gate_(std::make_shared<detail::LockGate>(limit)) {
  if (limit == 0) throw std::invalid_argument("a semaphore that lets nobody in");
}

DeferredSemaphore::~DeferredSemaphore() { gate_->waiting.reset(); }

LockGuard& LockGuard::operator=(LockGuard&& other) noexcept {
  const LockGuard released(std::move(*this));
  gate_ = std::move(other.gate_);
  return *this;
}

void LockGuard::release() noexcept {
  const auto gate = std::exchange(gate_, nullptr);  // callbacks may destroy this
  if (gate && gate->tokens < gate->limit) gate->release();
}

Deferred<LockGuard> Acquisition::guard() && {
  return std::move(*this).addCallback(
      [gate = std::move(gate_)]() mutable { return LockGuard(std::move(gate)); });
}

detail::Awaiter<LockGuard> Acquisition::operator co_await() && {
  return std::move(*this).guard().operator co_await();
}

Acquisition DeferredSemaphore::acquire() {
  const auto request = [&]() -> Deferred<void> {
    if (!gate_->waiting) return fail<void>(CancelledError("the lock is being destroyed"));
    if (gate_->tokens == 0) return gate_->waiting->wait();
    --gate_->tokens;
    return succeed();
  };
  return {request(), gate_};
}

void DeferredSemaphore::release() { gate_->release(); }

std::size_t DeferredSemaphore::limit() const { return gate_->limit; }

std::size_t DeferredSemaphore::tokens() const { return gate_->tokens; }

std::size_t DeferredSemaphore::waiting() const {
  return gate_->waiting ? gate_->waiting->size() : 0;
}

void detail::LockGate::release() {
  if (tokens == limit) throw std::logic_error("released more often than acquired");
  ++tokens;
  // One that is let in may be done at once and release again: a loop, lest a long queue recurse.
  if (!lettingIn) letIn();
}

void detail::LockGate::letIn() {
  const auto self = shared_from_this();  // a callback may destroy the semaphore
  lettingIn = true;
  while (tokens > 0 && waiting && !waiting->empty()) {
    --tokens;
    waiting->next().callback();
  }
  lettingIn = false;
}

}  // namespace phial::inline v1
