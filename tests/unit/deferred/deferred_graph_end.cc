// How a graph settles what it has, and its end.
#include <chrono>
#include <stdexcept>
#include <utility>

#include "tests/unit/deferred/deferred_graph.h"

namespace phial::testing {

using std::chrono::seconds;

namespace {

// Converts to an int by throwing.
struct Bomb {
  operator int() const { throw std::runtime_error("conversion"); }
};

}  // namespace

void DeferredGraph::endUnheard(Deferred<int> deferred) {
  std::move(deferred).addErrback([](const Failure&) { return 0; });
}

// --- Settling ---

void DeferredGraph::settle() {
  switch (next(10)) {
    case 0:
    case 1:
      return fire(next(kMostSlots));
    case 2:
      return cancel(next(kMostSlots));
    case 8:
      return cancelHandle(next(kMostSlots));
    case 9:
      return endScope();
    case 3:
      return clock_.advance(seconds(next(3)));
    case 4:
      return endUnheard(take());
    case 5:
      return queue_->put(4);
    case 6:
      if (resolvers_.empty()) return;
      return forget(next(kMostSlots) % resolvers_.size());
    default:
      lock_ = nullptr;
      lock_ = std::make_unique<DeferredLock>();
      return;
  }
}

// Drops a Resolver that has fired. One that has not is fired in the end: a callback may own what
// has come to wait for it, and such a circle of owners ends only when it runs.
void DeferredGraph::forget(std::size_t index) {
  if (!resolvers_[index].called()) return;
  resolvers_.erase(resolvers_.begin() + static_cast<std::ptrdiff_t>(index));
}

// Something that a callback or canceller does to the graph that it is part of.
void DeferredGraph::act() {
  if (depth_ == kMostDepth) return;
  ++depth_;
  switch (next(6)) {
    case 0:
      fire(next(kMostSlots));
      break;
    case 1:
      cancel(next(kMostSlots));
      break;
    case 2:
      endUnheard(take());
      break;
    case 3:
      cancelHandle(next(kMostSlots));
      break;
    case 4:
      endScope();
      break;
    default:
      if (!lock_) break;
      lock_ = nullptr;
      lock_ = std::make_unique<DeferredLock>();
  }
  --depth_;
}

void DeferredGraph::fire(std::size_t index) {
  if (resolvers_.empty()) return;
  const Resolver<int> resolver = resolvers_[index % resolvers_.size()];
  if (resolver.called()) return;
  switch (next(4)) {
    case 0:
      return resolver.errback(std::runtime_error("fired so"));
    case 1:
      return resolver.callback(Bomb());
    default:
      return resolver.callback(1);
  }
}

void DeferredGraph::cancel(std::size_t index) {
  if (!slots_.empty()) slots_[index % slots_.size()].deferred.cancel();
}

// Any Deferred that was ever in hand, wherever it is now.
void DeferredGraph::cancelHandle(std::size_t index) {
  if (!handles_.empty()) DeferredHandle(handles_[index % handles_.size()]).cancel();
}

// --- The end ---

void DeferredGraph::settleRest() {
  for (std::size_t i = 0; i < resolvers_.size(); ++i) {  // callbacks may add to them
    const Resolver<int> resolver = resolvers_[i];
    if (!resolver.called()) resolver.callback(1);
  }
  clock_.advance(seconds(1000));
  endScope();
  lock_ = nullptr;
  semaphore_ = nullptr;
  queue_ = std::make_unique<DeferredQueue<int>>();
  for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].deferred.cancel();
}

void DeferredGraph::finish() {
  depth_ = kMostDepth;
  for (int round = 0; round < 50; ++round) settleRest();
  for (const auto& slot : slots_) {
    if (slot.watch->fired == 0) troubles_.emplace_back("a Deferred has no result");
  }
  while (!slots_.empty()) endUnheard(takeSlot(0));
  resolvers_.clear();
  for (const auto& watch : watches_) {
    if (watch->fired > 1) troubles_.emplace_back("a Deferred got two results");
    if (watch->fired == 0) troubles_.emplace_back("a dropped Deferred got no result");
  }
  if (alive_.use_count() != 1) troubles_.emplace_back("a closure or coroutine was not destroyed");
  if (rings_) return;
  for (const auto& failure : unhandled_) {
    // What a canceller throws after it has fired concerns nobody else.
    if (failure.find("AlreadyCalledError") == std::string::npos) {
      troubles_.push_back("unhandled: " + failure);
    }
  }
}

}  // namespace phial::testing
