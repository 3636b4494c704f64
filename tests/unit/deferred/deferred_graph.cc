#include "tests/unit/deferred/deferred_graph.h"

#include <chrono>
#include <stdexcept>
#include <utility>

namespace phial::testing {

using std::chrono::seconds;

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
  if (handles_.size() == kMostSlots) handles_.erase(handles_.begin());
  if (next(2) == 0) handles_.push_back(watched.handle());
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
  switch (next(6)) {
    case 0:
      return keep(coroutine(std::move(on)));
    case 1:
      return keep(guarded(std::move(on)));
    case 2:
      return keep(std::move(on).addTimeout(seconds(1 + next(3)), clock_));
    case 3:
      return keep(scoped(std::move(on)));
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

// What is behind the Scope's callback must settle, though this callback may be destroyed unrun.
Deferred<int> DeferredGraph::scoped(Deferred<int> on) {
  const auto ended = scopeEnded_;
  auto held =
      scope_->hold(std::move(on)).addBoth([this, ended, alive = alive_](Outcome<int> outcome) {
        if (*ended) troubles_.emplace_back("a callback ran after the end of its Scope");
        act();
        return outcome;
      });
  if (next(2) == 0) held = callback(std::move(held));
  return maybeDeferred([inner = Own(std::move(held))]() mutable { return inner.give(); });
}

void DeferredGraph::endScope() {
  *scopeEnded_ = true;
  auto ending = std::exchange(scope_, std::make_unique<Scope>());
  scopeEnded_ = std::make_shared<bool>(false);
}

Deferred<int> DeferredGraph::coroutine(Deferred<int> on) {
  // Each coroutine reads `text`, a capture of its lambda, after it was suspended.
  const std::string text = "a text that is too long for the buffer inside of a string";
  const auto wanted = text.size();
  const auto length = [text, wanted, alive = alive_] {
    if (text.size() != wanted) throw std::logic_error("captures are gone");
    return static_cast<int>(wanted);
  };
  switch (next(4)) {
    case 0:
      return maybeDeferred(
          [length](Own first, Own second) -> Deferred<int> {
            const Outcome<int> outcome = co_await first.give().outcome();
            if (outcome.ok()) co_return outcome.value() + length();
            co_return co_await second.give();
          },
          Own(std::move(on)), Own(take()));
    case 1:
      return std::move(on).addCallback(
          [this, length, index = next(kMostSlots)](int n) -> Deferred<int> {
            Deferred<int> other = takeSlot(index);
            const int m = co_await std::move(other);
            co_return n + m + length();
          });
    case 2:
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
  switch (next(4)) {
    case 0:
      return lock_->run(std::move(work));
    case 1:
      return semaphore_->run(std::move(work));
    case 2:
      return maybeDeferred(
          [this](Own inner) -> Deferred<int> {
            const auto held = co_await semaphore_->acquire();
            co_return co_await inner.give();
          },
          Own(work()));
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
  switch (next(4)) {
    case 0:
      while (all.size() > 1) {
        all.front() = gatherResults(std::move(all.front()), succeed(), std::move(all.back()))
                          .addCallback([alive](const std::tuple<int, std::monostate, int>& values) {
                            return std::get<0>(values);
                          });
        all.pop_back();
      }
      return all.empty() ? succeed(0) : std::move(all.front());
    case 1:
      return gatherResults(std::move(all)).addCallback([alive](const std::vector<int>& values) {
        return static_cast<int>(values.size());
      });
    case 2:
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

}  // namespace phial::testing
