// Submitter::map, mapOutcomes, forEach and forEachOutcome: turns chunks into the results that the
// caller gets. Included by submitter.h, which documents these members.
#pragma once

#include <phial/master/detail/chunk_flow.h>
#include <phial/master/detail/element_source.h>
#include <phial/master/submitter.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {
namespace detail {

// --- The elements of a chunk, one after the other ---

/// The results of a chunk in which every element has a result.
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

/// The outcomes of a chunk.
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

/// Appends the results of a chunk; plain results are copied in one piece.
template <class R>
void append(std::vector<R>& all, ChunkResult<R>& chunk) {
  all.insert(all.end(), std::make_move_iterator(chunk.values.begin()),
             std::make_move_iterator(chunk.values.end()));
}
template <class R>
void append(std::vector<Outcome<R>>& all, ChunkResult<R>& chunk) {
  for (OutcomeItems<R> items(chunk); items.any();) all.push_back(items.take());
}

/// Collects a vector of T, which is R or Outcome<R>.
template <class T, class R>
Deferred<std::vector<T>> collect(std::shared_ptr<ChunkFlow> stream) {
  std::vector<T> all;
  for (;;) {
    const auto chunk = co_await stream->next();
    if (!chunk) co_return std::move(all);
    if (chunk->first == 0) reserveToFill(all, stream->total().value_or(0));
    append(all, static_cast<ChunkResult<R>&>(*chunk->result));
  }
}

/// Waits for the end of a stream whose function has no result.
Deferred<void> exhaust(std::shared_ptr<ChunkFlow> stream);

// --- One by one ---

/// True if a callback may take a result V as its parameter P: V is a P, or becomes a P without
/// loss.
template <class V, class P>
inline constexpr bool kTakesResult =
    std::is_convertible_v<V, P> && Inner<std::remove_cvref_t<V>, std::remove_cvref_t<P>>::keeps();

/// True if the parameters of a callback are (std::size_t index, V result), or (std::size_t index)
/// when there is no result. A template or an overloaded callback is checked by a call instead.
template <class F, class V>
struct TakesIndexed {
  static constexpr bool kValue = std::is_invocable_v<F&, std::size_t, V>;
};
template <class F>
struct TakesIndexed<F, std::monostate> {
  static constexpr bool kValue = std::is_invocable_v<F&, std::size_t>;
};
template <class V, class Signature>
inline constexpr bool kIndexed = false;
template <class V, class R, class I, class P>
inline constexpr bool kIndexed<V, R(I, P)> =
    std::is_same_v<std::remove_cvref_t<I>, std::size_t> && kTakesResult<V, P>;
template <class R, class I>
inline constexpr bool kIndexed<std::monostate, R(I)> =
    std::is_same_v<std::remove_cvref_t<I>, std::size_t>;
template <PlainCallable F, class V>
struct TakesIndexed<F, V> {
  static constexpr bool kValue = kIndexed<V, typename FunctionTraits<F>::Signature>;
};
template <PlainCallable F>
struct TakesIndexed<F, std::monostate> {
  static constexpr bool kValue = kIndexed<std::monostate, typename FunctionTraits<F>::Signature>;
};

/// Reports one error for a callback of another form.
template <class F, class Value>
consteval bool checkIndexed() {
  constexpr bool kVoid = std::is_same_v<Value, std::monostate>;
  constexpr bool kFits = TakesIndexed<F, Value>::kValue;
  static_assert(!kVoid || kFits,
                "forEach of a function without result calls onResult(std::size_t index): write "
                "that parameter, and no other.");
  static_assert(kVoid || kFits,
                "forEach calls onResult(std::size_t index, R result), and forEachOutcome "
                "onOutcome(std::size_t index, Outcome<R> outcome), with R as the function returns "
                "it: write these two parameters.");
  return kFits;
}

/// Calls f with an index and, if there is one, a result.
template <class F, class Value>
decltype(auto) callWith(F& f, std::size_t index, Value value) {
  if constexpr (std::is_same_v<Value, std::monostate>) {
    return f(index);
  } else {
    return f(index, std::move(value));
  }
}

/// Tells when one forEach has used its share of a turn of the loop.
class Slice {
 public:
  bool over() {
    if (++calls_ % kCalls != 0) return false;
    return std::chrono::steady_clock::now() - begin_ >= kLongest;
  }
  void again() { begin_ = std::chrono::steady_clock::now(); }

 private:
  static constexpr unsigned kCalls = 16;  // calls between two readings of the clock
  static constexpr Duration kLongest = std::chrono::microseconds(500);

  unsigned calls_ = 0;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// A forEach that is under way, for its canceller: its stream, and the Deferred of onResult that it
/// waits for, if any.
struct ForEach {
  explicit ForEach(std::shared_ptr<ChunkFlow> chunks) : stream(std::move(chunks)) {}

  void cancel();

  const std::shared_ptr<ChunkFlow> stream;
  Chain* awaited = nullptr;  // held by the coroutine
};

/// Gives up the remaining elements of a forEach when its coroutine ends, for whatever reason.
class GivingUp {
 public:
  explicit GivingUp(ForEach& run) : run_(run) {}
  ~GivingUp();
  GivingUp(const GivingUp&) = delete;
  GivingUp& operator=(const GivingUp&) = delete;

 private:
  ForEach& run_;
};

template <template <class> class Items, class R, class F>
Deferred<void> tellEach(std::shared_ptr<ForEach> run, F onResult) {
  using Returned =
      std::remove_cvref_t<decltype(callWith(onResult, 0, std::declval<Items<R>>().take()))>;
  ChunkFlow& stream = *run->stream;
  const GivingUp givingUp(*run);
  for (;;) {
    const auto chunk = co_await stream.next();
    if (!chunk) co_return;
    Slice slice;
    std::size_t index = chunk->first;
    Items<R> items(static_cast<ChunkResult<R>&>(*chunk->result));
    for (; items.any(); ++index) {
      if constexpr (Lift<Returned>::kDeferred) {
        auto pending = callWith(onResult, index, items.take());
        Ref<Chain> chain = Access::unwrap(pending);
        run->awaited = chain.get();
        auto waited = Access::wrap<typename Lift<Returned>::Type>(chain);
        co_await std::move(waited);
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

/// Starts `tell`, which is a tellEach(), and makes it cancellable.
Deferred<void> forEachOf(std::shared_ptr<ChunkFlow> stream,
                         const std::function<Deferred<void>(std::shared_ptr<ForEach>)>& tell);

/// How many chunks may wait or run, as a multiple of the chunks in flight: results run ahead of a
/// slow one by no more.
inline constexpr std::size_t kWindows = 4;

/// The worker's function that runs chunks of `function`.
template <auto function>
const ChunkFunction& chunkFunction() {
  using Types = Mapped<function>;
  using Value = typename ChunkResult<typename Types::Result>::Value;
  // This puts the function into the program's table, from which the worker serves it.
  if constexpr (!kNamedFunction<decltype(function)>) LinkedChunk<function>::require();
  static const ChunkFunction chunk{
      {chunkName<function>(), typeName<ChunkSignature<function>>(), Timed::element},
      ElementTypeOf<typename Types::Element>::kType,
      ResultTypeOf<typename Types::Result>::kType,
      kChunkBytes<Value>};
  return chunk;
}

template <auto function, class Range>
std::shared_ptr<ChunkFlow> streamOf(const StreamPool& pool, const Ref<CallOptions>& options,
                                    ChunkMode mode, std::size_t windows, Range&& range) {
  using Reading = RangeSource<typename FunctionTraits<decltype(function)>::Signature, Kept<Range>>;
  std::unique_ptr<ElementSource> source(
      new Reading(functionName<function>(), keepRange(std::forward<Range>(range))));
  return ChunkFlow::make(pool, options, mode, windows, chunkFunction<function>(),
                         std::move(source));
}

/// True if the function can be mapped over such a range; otherwise a static_assert says why not.
template <auto function, class Range>
consteval bool checkMap() {
  if constexpr (checkFunction<decltype(function)>()) {
    static_assert(Mappable<function>,
                  "only a function that takes an argument can be mapped: each element is one.");
    if constexpr (Mappable<function>) {
      using Signature = typename FunctionTraits<decltype(function)>::Signature;
      using Item = typename RangeSource<Signature, Kept<Range>>::Item;
      return CheckElement<Item, Signature>::check();
    }
  }
  return false;
}

/// The type of the Deferred that map returns.
template <class R>
struct Collected {
  using Type = std::vector<R>;
};
template <>
struct Collected<void> {
  using Type = void;
};

/// Begins a map of any kind. If the range's own code throws while the range is moved in or copied,
/// the Deferred fails with this exception.
template <class R, auto function, class Range, class Consume>
Deferred<R> beginMap(const PoolLink& link, const Ref<CallOptions>& options, ChunkMode mode,
                     std::size_t windows, Range&& range, Consume consume) {
  if (!link.runner) return fail<R>(poolGone());
  StreamPool pool(link.runner);
  std::shared_ptr<ChunkFlow> stream;
  try {
    if (options && options->fault) options->fault->rethrow();
    stream = streamOf<function>(pool, options, mode, windows, std::forward<Range>(range));
  } catch (...) {
    stream = ChunkFlow::failed(pool, chunkFunction<function>(), Failure::current());
  }
  return consume(std::move(stream));
}

template <template <class> class Items, auto function, class Range, class F>
Deferred<void> beginForEach(const PoolLink& link, const Ref<CallOptions>& options, ChunkMode mode,
                            Range&& range, F& f) {
  if constexpr (checkMap<function, Range>()) {
    if constexpr (checkIndexed<F, typename Items<ResultOfCall<function>>::Value>()) {
      return beginMap<void, function>(
          link, options, mode, kWindows, std::forward<Range>(range),
          [&](std::shared_ptr<ChunkFlow> stream) {
            return forEachOf(std::move(stream), [&](std::shared_ptr<ForEach> run) {
              using R = typename Mapped<function>::Result;
              return tellEach<Items, R>(std::move(run), std::move(f));
            });
          });
    }
  }
  return {};
}

}  // namespace detail

template <auto function, std::ranges::input_range Range>
auto Submitter::map(Range&& range) const {
  using R = detail::ResultOfCall<function>;
  using All = typename detail::Collected<R>::Type;
  if constexpr (detail::checkMap<function, Range>()) {
    return detail::beginMap<All, function>(
        *link_, options_, detail::ChunkMode::failFast, detail::kNoWindow,
        std::forward<Range>(range), [](std::shared_ptr<detail::ChunkFlow> stream) {
          if constexpr (std::is_void_v<R>) {
            return detail::exhaust(std::move(stream));
          } else {
            return detail::collect<R, typename detail::Mapped<function>::Result>(std::move(stream));
          }
        });
  } else {
    return Deferred<All>();
  }
}

template <auto function, std::ranges::input_range Range>
auto Submitter::mapOutcomes(Range&& range) const {
  using R = detail::ResultOfCall<function>;
  using All = std::vector<Outcome<R>>;
  if constexpr (detail::checkMap<function, Range>()) {
    return detail::beginMap<All, function>(
        *link_, options_, detail::ChunkMode::collectAll, detail::kNoWindow,
        std::forward<Range>(range), [](std::shared_ptr<detail::ChunkFlow> stream) {
          return detail::collect<Outcome<R>, typename detail::Mapped<function>::Result>(
              std::move(stream));
        });
  } else {
    return Deferred<All>();
  }
}

template <auto function, std::ranges::input_range Range, class F>
Deferred<void> Submitter::forEach(Range&& range, F onResult) const {
  return detail::beginForEach<detail::ResultItems, function>(
      *link_, options_, detail::ChunkMode::failFast, std::forward<Range>(range), onResult);
}

template <auto function, std::ranges::input_range Range, class F>
Deferred<void> Submitter::forEachOutcome(Range&& range, F onOutcome) const {
  return detail::beginForEach<detail::OutcomeItems, function>(
      *link_, options_, detail::ChunkMode::collectAll, std::forward<Range>(range), onOutcome);
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
