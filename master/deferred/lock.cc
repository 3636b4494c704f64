#include <phial/master/deferred_lock.h>

#include <stdexcept>

namespace phial {

DeferredSemaphore::DeferredSemaphore(std::size_t limit) : gate_(std::make_shared<Gate>(limit)) {
  if (limit == 0) throw std::invalid_argument("a semaphore that lets nobody in");
}

DeferredSemaphore::~DeferredSemaphore() { gate_->waiting.reset(); }

Deferred<void> DeferredSemaphore::acquire() {
  if (!gate_->waiting) return fail<void>(CancelledError("the lock is being destroyed"));
  if (gate_->tokens > 0) {
    --gate_->tokens;
    return succeed();
  }
  return gate_->waiting->wait();
}

void DeferredSemaphore::release() { gate_->release(); }

std::size_t DeferredSemaphore::limit() const { return gate_->limit; }

std::size_t DeferredSemaphore::tokens() const { return gate_->tokens; }

std::size_t DeferredSemaphore::waiting() const {
  return gate_->waiting ? gate_->waiting->size() : 0;
}

void DeferredSemaphore::Gate::release() {
  if (tokens == limit) throw std::logic_error("released more often than acquired");
  ++tokens;
  // One that is let in may be done at once and release again: a loop, lest a long queue recurse.
  if (!lettingIn) letIn();
}

void DeferredSemaphore::Gate::letIn() {
  const auto self = shared_from_this();  // a callback may destroy the semaphore
  lettingIn = true;
  while (tokens > 0 && waiting && !waiting->empty()) {
    --tokens;
    waiting->next().callback();
  }
  lettingIn = false;
}

}  // namespace phial
