// ProcessPool::map, mapOutcomes, forEach and forEachOutcome: what becomes of the chunks of a
// stream. Included by process_pool.h, which documents them.
#pragma once

#include <phial/master/chunk_stream.h>
#include <phial/master/process_pool.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace phial {
namespace detail {

// --- Elements of a chunk, one after the other ---

/// Results: every element has one.
template <class R>
class ResultItems {
 public:
  using Value = typename ChunkResult<R>::Value;

  explicit ResultItems(ChunkResult<R>& chunk) : chunk_(chunk) {}
  bool any() const { return next_ < chunk_.values.size(); }
  Value take() { return std::move(chunk_.values[next_++]); }

 private:
  ChunkResult<R>& chunk_;
  std::size_t next_ = 0;
};

/// Outcomes.
template <class R>
class OutcomeItems {
 public:
  using Value = Outcome<R>;

  explicit OutcomeItems(ChunkResult<R>& chunk) : chunk_(chunk) {}
  bool any() const { return place() < chunk_.count(); }
  Value take() {
    const bool failed =
        failure_ < chunk_.failures.size() && chunk_.failures[failure_].first == place();
    if (failed) return std::move(chunk_.failures[failure_++].second);
    if constexpr (std::is_void_v<R>) {
      ++value_;
      return {};
    } else {
      return R(std::move(chunk_.values[value_++]));
    }
  }

 private:
  std::size_t place() const { return value_ + failure_; }

  ChunkResult<R>& chunk_;
  std::size_t value_ = 0;
  std::size_t failure_ = 0;
};

// --- Into a vector ---

/// Appends what a chunk holds; results that are plain come in one copy.
template <class R>
void append(std::vector<R>& all, ChunkResult<R>& chunk) {
  all.insert(all.end(), std::make_move_iterator(chunk.values.begin()),
             std::make_move_iterator(chunk.values.end()));
}
template <class R>
void append(std::vector<Outcome<R>>& all, ChunkResult<R>& chunk) {
  for (OutcomeItems<R> items(chunk); items.any();) all.push_back(items.take());
}

template <class T, auto function>
Deferred<std::vector<T>> collect(std::shared_ptr<ChunkStream<function>> stream) {
  std::vector<T> all;
  for (;;) {
    auto chunk = co_await stream->next();
    if (!chunk) co_return std::move(all);
    if (chunk->first == 0) reserveToFill(all, stream->total().value_or(0));
    append(all, chunk->result);
  }
}

template <auto function>
Deferred<void> exhaust(std::shared_ptr<ChunkStream<function>> stream) {
  for (;;) {
    const auto chunk = co_await stream->next();
    if (!chunk) co_return;
  }
}

// --- One by one ---

/// Calls f with a result and its place, or the result alone, or neither.
template <class F, class Value>
decltype(auto) callWith(F& f, std::size_t index, Value value) {
  if constexpr (std::is_same_v<Value, std::monostate>) {
    if constexpr (std::is_invocable_v<F&, std::size_t>) {
      return f(index);
    } else {
      static_assert(std::is_invocable_v<F&>,
                    "forEach of a function without result calls onResult() or onResult(index)");
      return f();
    }
  } else if constexpr (std::is_invocable_v<F&, std::size_t, Value>) {
    return f(index, std::move(value));
  } else {
    static_assert(kTakes<F, Value>,
                  "forEach calls onResult(result) or onResult(index, result), forEachOutcome the "
                  "same with an Outcome of the result");
    return call(f, std::move(value));
  }
}

/// Whether a turn of the loop has had enough of one forEach.
class Slice {
 public:
  bool over() {
    if (++calls_ % kCalls != 0) return false;
    return std::chrono::steady_clock::now() - begin_ >= kLongest;
  }
  void again() { begin_ = std::chrono::steady_clock::now(); }

 private:
  static constexpr unsigned kCalls = 16;  // between two looks at the clock
  static constexpr Duration kLongest = std::chrono::microseconds(500);

  unsigned calls_ = 0;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// A forEach under way, for its canceller: the stream, and the Deferred of onResult that is waited
/// for, if any.
template <auto function>
struct ForEach {
  explicit ForEach(std::shared_ptr<ChunkStream<function>> chunks) : stream(std::move(chunks)) {}

  void cancel() {
    stream->stop(Failure(CancelledError()));
    if (awaited != nullptr) Chain::cancel(Ref<Chain>(awaited));
  }

  const std::shared_ptr<ChunkStream<function>> stream;
  Chain* awaited = nullptr;  // held by the coroutine
};

/// Gives up what is left of a forEach when its coroutine ends, however it does.
template <auto function>
class GivingUp {
 public:
  explicit GivingUp(ForEach<function>& run) : run_(run) {}
  ~GivingUp() {
    run_.awaited = nullptr;
    run_.stream->stop(Failure(CancelledError()));
  }
  GivingUp(const GivingUp&) = delete;
  GivingUp& operator=(const GivingUp&) = delete;

 private:
  ForEach<function>& run_;
};

template <template <class> class Items, auto function, class F>
Deferred<void> tellEach(std::shared_ptr<ForEach<function>> run, F onResult) {
  using R = typename Mapped<function>::Result;
  using Returned =
      std::remove_cvref_t<decltype(callWith(onResult, 0, std::declval<Items<R>>().take()))>;
  ChunkStream<function>& stream = *run->stream;
  const GivingUp<function> givingUp(*run);
  for (;;) {
    auto chunk = co_await stream.next();
    if (!chunk) co_return;
    Slice slice;
    std::size_t index = chunk->first;
    for (Items<R> items(chunk->result); items.any(); ++index) {
      if constexpr (Lift<Returned>::kDeferred) {
        auto pending = callWith(onResult, index, items.take());
        Ref<Chain> chain = Access::unwrap(pending);
        run->awaited = chain.get();
        auto waited = Access::wrap<typename Lift<Returned>::Type>(chain);
        co_await waited;
        run->awaited = nullptr;
      } else {
        static_cast<void>(callWith(onResult, index, items.take()));
      }
      stream.check();
      if (slice.over()) {
        co_await stream.pool().nextTurn();
        stream.check();
        slice.again();
      }
    }
  }
}

/// How far results may run ahead of one that they wait for, in chunks in flight.
inline constexpr std::size_t kWindows = 4;

template <auto function, class Range>
std::shared_ptr<ChunkStream<function>> streamOf(const std::shared_ptr<PoolCore>& core,
                                                MapOptions options, ChunkMode mode,
                                                std::size_t windows, Range&& range) {
  using Signature = typename FunctionTraits<decltype(function)>::Signature;
  using Reading = RangeSource<Signature, Kept<Range>>;
  // Puts the function's chunks into this program's table, which the worker serves.
  LinkedChunk<function>::require();
  return std::make_shared<ChunkStream<function>>(
      StreamPool(core), std::move(options), mode, windows,
      std::make_unique<Reading>(keepRange(std::forward<Range>(range))));
}

template <template <class> class Items, auto function, class F>
Deferred<void> forEachOf(std::shared_ptr<ChunkStream<function>> stream, F onResult) {
  auto run = std::make_shared<ForEach<function>>(std::move(stream));
  auto made = newDeferred<void>([run] { run->cancel(); });
  tellEach<Items>(std::move(run), std::move(onResult))
      .addBoth([resolver = std::move(made.resolver)](const Outcome<void>& outcome) {
        if (resolver.called()) return;
        outcome.ok() ? resolver.callback() : resolver.errback(outcome.failure());
      });
  return std::move(made.deferred);
}

}  // namespace detail

template <auto function, std::ranges::input_range Range>
auto ProcessPool::map(MapOptions options, Range&& range) {
  using R = typename detail::Mapped<function>::Result;
  auto stream = detail::streamOf<function>(core_, std::move(options), detail::ChunkMode::failFast,
                                           detail::ChunkStream<function>::kNoWindow,
                                           std::forward<Range>(range));
  if constexpr (std::is_void_v<R>) {
    return detail::exhaust<function>(std::move(stream));
  } else {
    return detail::collect<R, function>(std::move(stream));
  }
}

template <auto function, std::ranges::input_range Range>
auto ProcessPool::mapOutcomes(MapOptions options, Range&& range) {
  using R = typename detail::Mapped<function>::Result;
  return detail::collect<Outcome<R>, function>(detail::streamOf<function>(
      core_, std::move(options), detail::ChunkMode::collectAll,
      detail::ChunkStream<function>::kNoWindow, std::forward<Range>(range)));
}

template <auto function, std::ranges::input_range Range, class F>
Deferred<void> ProcessPool::forEach(MapOptions options, Range&& range, F onResult) {
  return detail::forEachOf<detail::ResultItems, function>(
      detail::streamOf<function>(core_, std::move(options), detail::ChunkMode::failFast,
                                 detail::kWindows, std::forward<Range>(range)),
      std::move(onResult));
}

template <auto function, std::ranges::input_range Range, class F>
Deferred<void> ProcessPool::forEachOutcome(MapOptions options, Range&& range, F onOutcome) {
  return detail::forEachOf<detail::OutcomeItems, function>(
      detail::streamOf<function>(core_, std::move(options), detail::ChunkMode::collectAll,
                                 detail::kWindows, std::forward<Range>(range)),
      std::move(onOutcome));
}

}  // namespace phial
