#include "tests/unit/deferred/deferred_graph.h"

#include <chrono>
#include <stdexcept>
#include <utility>

namespace phial::testing {
namespace {

using std::chrono::seconds;

constexpr std::size_t kMostSlots = 16;
constexpr int kMostDepth = 3;

// Converts to an int by throwing.
struct Bomb {
  operator int() const { throw std::runtime_error("conversion"); }
};

void endUnheard(Deferred<int> deferred) {
  std::move(deferred).addErrback([](const Failure&) { return 0; });
}

}  // namespace

class DeferredGraph::Own {
 public:
  explicit Own(Deferred<int> deferred) : deferred_(std::move(deferred)) {}
  Own(Own&&) noexcept = default;
  Own& operator=(Own&&) = delete;
  Own(const Own&) = delete;
  Own& operator=(const Own&) = delete;
  ~Own() {
    if (deferred_) endUnheard(std::move(deferred_));
  }
  Deferred<int> give() { return deferred_ ? std::move(deferred_) : succeed(0); }

 private:
  Deferred<int> deferred_;
};

DeferredGraph::DeferredGraph(std::vector<std::uint8_t> bytes)
    : bytes_(std::move(bytes)), previous_(setUnhandledErrorHook([this](const Failure& failure) {
        if (failure.check<CircularWaitError>()) rings_ = true;
        unhandled_.push_back(failure.type() + ": " + failure.message());
      })) {}

DeferredGraph::~DeferredGraph() { setUnhandledErrorHook(std::move(previous_)); }

std::vector<std::string> DeferredGraph::run() {
  while (position_ < bytes_.size()) step();
  finish();
  return std::move(troubles_);
}

std::size_t DeferredGraph::next(std::size_t below) {
  return position_ < bytes_.size() ? bytes_[position_++] % below : 0;
}

void DeferredGraph::step() {
  switch (next(8)) {
    case 0:
    case 1:
      return make();
    case 2:
    case 3:
    case 4:
      return connect();
    case 5:
      return join();
    default:
      return settle();
  }
}

// --- Slots ---

void DeferredGraph::keep(Deferred<int> deferred) {
  auto watch = std::make_shared<Watch>();
  watches_.push_back(watch);
  auto watched = std::move(deferred).addBoth([this, watch, alive = alive_](Outcome<int> outcome) {
    ++watch->fired;
    if (!outcome.ok() && outcome.failure().check<CircularWaitError>()) rings_ = true;
    return outcome;
  });
  if (slots_.size() == kMostSlots) endUnheard(takeSlot(0));
  slots_.push_back({std::move(watched), std::move(watch)});
}

Deferred<int> DeferredGraph::takeSlot(std::size_t index) {
  if (slots_.empty()) return succeed(1);
  const auto place = slots_.begin() + static_cast<std::ptrdiff_t>(index % slots_.size());
  Deferred<int> taken = std::move(place->deferred);
  slots_.erase(place);
  return taken;
}

Deferred<int> DeferredGraph::take() { return takeSlot(next(kMostSlots)); }

std::vector<Deferred<int>> DeferredGraph::takeSeveral() {
  std::vector<Deferred<int>> several;
  for (std::size_t left = next(4); left > 0; --left) several.push_back(take());
  return several;
}

// --- Making ---

void DeferredGraph::make() {
  switch (next(5)) {
    case 0:
      return keep(succeed(7));
    case 1:
      return keep(fail<int>(std::runtime_error("made so")));
    case 2:
      return keep(queue_->get());
    default:
      return keep(resolvable());
  }
}

Deferred<int> DeferredGraph::resolvable() {
  const auto add = [this](NewDeferred<int> made) {
    resolvers_.push_back(std::move(made.resolver));
    return std::move(made.deferred);
  };
  const auto alive = alive_;
  switch (next(6)) {
    case 0:
      return add(newDeferred<int>());
    case 1:
      return add(newDeferred<int>([alive] {}));
    case 2:
      return add(newDeferred<int>([alive] { throw std::runtime_error("canceller"); }));
    case 3:
      return add(newDeferred<int>([alive](const Resolver<int>& self) { self.callback(2); }));
    case 4:
      return add(newDeferred<int>([this, alive] { act(); }));
    default:
      return add(newDeferred<int>([alive](const Resolver<int>& self) {
        self.errback(std::range_error("given up"));
        self.callback(3);  // throws AlreadyCalledError
      }));
  }
}

// --- Connecting ---

void DeferredGraph::connect() {
  Deferred<int> on = take();
  switch (next(4)) {
    case 0:
      return keep(coroutine(std::move(on)));
    case 1:
      return keep(guarded(std::move(on)));
    case 2:
      return keep(std::move(on).addTimeout(seconds(1 + next(3)), clock_));
    default:
      return keep(callback(std::move(on)));
  }
}

Deferred<int> DeferredGraph::callback(Deferred<int> on) {
  const auto alive = alive_;
  switch (next(6)) {
    case 0:
      return std::move(on).addCallback([alive](int n) { return n + 1; });
    case 1:
      return std::move(on).addBoth(
          [alive](Outcome<int>) -> int { throw std::runtime_error("callback"); });
    case 2:
      return std::move(on).addErrback([alive](const Failure&) { return 5; });
    case 3:
      return std::move(on).addBoth(
          [inner = Own(take()), alive](Outcome<int>) mutable { return inner.give(); });
    case 4:  // whatever is in that slot when this runs: perhaps what waits for this
      return std::move(on).addBoth(
          [this, index = next(kMostSlots), alive](Outcome<int>) { return takeSlot(index); });
    default:
      return std::move(on).addBoth([this, alive](Outcome<int> outcome) {
        act();
        return outcome;
      });
  }
}

Deferred<int> DeferredGraph::coroutine(Deferred<int> on) {
  // Each coroutine reads `text`, a capture of its lambda, after it was suspended.
  const std::string text = "a text that is too long for the buffer inside of a string";
  const auto wanted = text.size();
  const auto length = [text, wanted, alive = alive_] {
    if (text.size() != wanted) throw std::logic_error("captures are gone");
    return static_cast<int>(wanted);
  };
  switch (next(3)) {
    case 0:
      return std::move(on).addCallback(
          [this, length, index = next(kMostSlots)](int n) -> Deferred<int> {
            Deferred<int> other = takeSlot(index);
            const int m = co_await std::move(other);
            co_return n + m + length();
          });
    case 1:
      return maybeDeferred(
          [length](Own first, Own second) -> Deferred<int> {
            int sum = length();
            try {
              sum += co_await first.give();
            } catch (const std::exception&) {
              ++sum;
            }
            sum += co_await second.give();
            co_return sum + length();
          },
          Own(std::move(on)), Own(take()));
    default:
      return std::move(on).addBoth([this, length](Outcome<int>) -> Deferred<int> {
        auto later = newDeferred<int>();
        resolvers_.push_back(std::move(later.resolver));
        try {
          co_await std::move(later.deferred);
        } catch (const CancelledError&) {
          act();
        }
        co_return length();
      });
  }
}

Deferred<int> DeferredGraph::guarded(Deferred<int> on) {
  auto work = [inner = Own(std::move(on)), alive = alive_]() mutable -> Deferred<int> {
    co_return co_await inner.give();
  };
  switch (next(3)) {
    case 0:
      return lock_->run(std::move(work));
    case 1:
      return semaphore_->run(std::move(work));
    default:
      return lock_->acquire().addBoth(
          [this, work = std::move(work)](const Outcome<void>& in) mutable {
            if (in.ok() && lock_ && lock_->locked()) lock_->release();
            return work();
          });
  }
}

// --- Joining ---

void DeferredGraph::join() { keep(joined(takeSeveral())); }

Deferred<int> DeferredGraph::joined(std::vector<Deferred<int>> all) {
  const auto alive = alive_;
  const DeferredListOptions options{
      .fireOnOneCallback = next(2) == 1, .fireOnOneErrback = next(2) == 1, .consumeErrors = true};
  switch (next(3)) {
    case 0:
      return gatherResults(std::move(all)).addCallback([alive](const std::vector<int>& values) {
        return static_cast<int>(values.size());
      });
    case 1:
      return race(std::move(all)).addCallback([alive](std::pair<std::size_t, int> winner) {
        return winner.second;
      });
    default:
      if (all.empty()) all.push_back(succeed(0));  // a list of none may never fire
      return DeferredList(std::move(all), options)
          .addCallback([alive](const DeferredListResult<int>& list) {
            return static_cast<int>(list.size());
          });
  }
}

// --- Settling ---

void DeferredGraph::settle() {
  switch (next(8)) {
    case 0:
    case 1:
      return fire(next(kMostSlots));
    case 2:
      return cancel(next(kMostSlots));
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
  switch (next(4)) {
    case 0:
      fire(next(kMostSlots));
      break;
    case 1:
      cancel(next(kMostSlots));
      break;
    case 2:
      endUnheard(take());
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

// --- The end ---

void DeferredGraph::settleRest() {
  for (std::size_t i = 0; i < resolvers_.size(); ++i) {  // callbacks may add to them
    const Resolver<int> resolver = resolvers_[i];
    if (!resolver.called()) resolver.callback(1);
  }
  clock_.advance(seconds(1000));
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
