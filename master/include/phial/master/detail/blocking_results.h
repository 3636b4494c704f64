// How the results of BlockingSubmitter::forEach get from the loop's thread to the thread that waits
// for them. Part of the templates of blocking_pool.h; nothing here is for users.
//
// The waiting thread asks for a batch, handles its results one by one, and asks again. Meanwhile
// the loop gathers the next batch: what arrives within one turn of the loop. Then the forEach on
// the loop waits until the batch has been fetched, so results never run ahead by more than that.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/detail/blocking_core.h>
#include <phial/master/map.h>
#include <phial/master/reactor.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// A result, and the index of its element. Value is std::monostate when there is no result.
template <class Value>
struct IndexedResult {
  std::size_t index;
  Value value;
};

/// Every member belongs to the loop's thread, except the destructor. By then end() or abandon() has
/// been called, and what is left in the relay belongs to no thread.
template <class Value>
class ResultRelay : public std::enable_shared_from_this<ResultRelay<Value>> {
 public:
  using Batch = std::vector<IndexedResult<Value>>;

  explicit ResultRelay(Reactor& reactor) : reactor_(&reactor) {}

  /// Takes a result. The Deferred fires when there is room for another.
  Deferred<void> add(std::size_t index, Value value) {
    if (!sealed_) {
      put(index, std::move(value));
      return succeed();
    }
    auto made = newDeferred<void>();
    room_ = std::move(made.resolver);
    return std::move(made.deferred)
        .addCallback([self = this->shared_from_this(), index, value = std::move(value)]() mutable {
          self->put(index, std::move(value));
        });
  }

  /// The results that have arrived, at least one; none at the end. Fails as the forEach does, after
  /// the last result.
  Deferred<Batch> fetch() {
    if (sealed_ || (outcome_ && !batch_.empty())) return succeed(take());
    if (outcome_) return outcome_->ok() ? succeed(Batch()) : fail<Batch>(outcome_->failure());
    auto made = newDeferred<Batch>();
    fetching_ = std::move(made.resolver);
    return std::move(made.deferred);
  }

  /// The forEach has ended.
  void end(Outcome<void> outcome) {
    outcome_ = std::move(outcome);
    run_ = {};
    room_.reset();
    if (const auto fetching = std::exchange(fetching_, std::nullopt)) answer(*fetching);
  }

  void follow(DeferredHandle run) { run_ = std::move(run); }
  /// Gives up the elements that are left.
  void cancel() { run_.cancel(); }
  /// Nothing will end the forEach any more.
  void abandon() {
    run_ = {};
    room_.reset();
    fetching_.reset();
  }

 private:
  void put(std::size_t index, Value value) {
    batch_.push_back({index, std::move(value)});
    if (batch_.size() > 1) return;
    // The other results of the same chunk come before this call.
    reactor_->callSoon([self = this->shared_from_this()] { self->seal(); });
  }
  void seal() {
    if (batch_.empty() || outcome_) return;
    sealed_ = true;
    if (const auto fetching = std::exchange(fetching_, std::nullopt)) answer(*fetching);
  }
  Batch take() {
    sealed_ = false;
    Batch batch = std::exchange(batch_, {});
    if (auto room = std::exchange(room_, std::nullopt)) {
      // Not inside this call, whose caller waits for the batch.
      reactor_->callSoon([room = std::move(*room)] {
        if (!room.called()) room.callback();
      });
    }
    return batch;
  }
  void answer(const Resolver<Batch>& fetching) {
    if (batch_.empty() && !outcome_->ok()) {
      fetching.errback(outcome_->failure());
    } else {
      fetching.callback(take());
    }
  }

  Reactor* const reactor_;
  Batch batch_;
  bool sealed_ = false;  // the batch is complete
  std::optional<Resolver<void>> room_;
  std::optional<Resolver<Batch>> fetching_;
  std::optional<Outcome<void>> outcome_;
  DeferredHandle run_;
};

/// Owned by the callback at the end of the forEach.
template <class Value>
class RelayEnd {
 public:
  explicit RelayEnd(std::shared_ptr<ResultRelay<Value>> relay) : relay_(std::move(relay)) {}
  RelayEnd(RelayEnd&&) noexcept = default;
  RelayEnd& operator=(RelayEnd&&) noexcept = default;
  RelayEnd(const RelayEnd&) = delete;
  RelayEnd& operator=(const RelayEnd&) = delete;
  ~RelayEnd() {
    if (relay_) relay_->abandon();
  }

  void operator()(Outcome<void> outcome) {
    if (const auto relay = std::exchange(relay_, nullptr)) relay->end(std::move(outcome));
  }

 private:
  std::shared_ptr<ResultRelay<Value>> relay_;
};

/// True if a blocking forEach of `function` may be given such arguments; otherwise a static_assert
/// says why not.
template <auto function, class Range, class F, class Value>
consteval bool checkEach() {
  if constexpr (!checkMap<function, Range>()) {
    return false;
  } else if constexpr (checkIndexed<F, Value>()) {
    using Returned =
        std::remove_cvref_t<decltype(callWith(std::declval<F&>(), 0, std::declval<Value>()))>;
    static_assert(!Lift<Returned>::kDeferred,
                  "the forEach of a BlockingPool waits for no Deferred: return nothing.");
    return !Lift<Returned>::kDeferred;
  } else {
    return false;
  }
}

/// Hands a function of forEach's form to `begin` on the loop's thread; begin(submitter, onResult)
/// returns the Deferred of the forEach. Calls `f` on this thread for each result, until the end.
template <class Value, class Begin, class F>
void eachOnThisThread(const BlockingCore& core, const char* name, const BlockingOptions& options,
                      Begin begin, F& f) {
  const auto relay = waitOnPool(core, name, [&] {
    auto made = std::make_shared<ResultRelay<Value>>(core.reactor());
    Deferred<void> run;
    if constexpr (std::is_same_v<Value, std::monostate>) {
      run = begin(core.jobs(options), [made](std::size_t index) { return made->add(index, {}); });
    } else {
      run = begin(core.jobs(options), [made](std::size_t index, Value value) {
        return made->add(index, std::move(value));
      });
    }
    made->follow(run.handle());
    std::move(run).addBoth(RelayEnd<Value>(made));
    return made;
  });
  try {
    for (;;) {
      auto batch = waitOnPool(core, name, [&] { return relay->fetch(); });
      if (batch.empty()) return;
      for (auto& each : batch) callWith(f, each.index, std::move(each.value));
    }
  } catch (...) {
    try {
      waitOnPool(core, name, [&] { relay->cancel(); });
    } catch (const PoolStopped&) {
      // The forEach has ended with its pool.
    }
    throw;
  }
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
