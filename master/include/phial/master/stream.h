// A job that gives many results, as they come: Submitter::stream and Stream.
//
//   void primesBetween(std::uint64_t a, std::uint64_t b, phial::Emit<std::uint64_t> emit);
//
//   phial::Deferred<void> print(phial::Pool& pool) {
//     auto primes = pool.stream<primesBetween>(0u, 1'000'000u);      // a Stream<std::uint64_t>
//     while (auto prime = co_await primes.next()) std::printf("%lu\n", *prime);
//   }
//   pool.stream<primesBetween>(0u, 100u).forEach([](std::uint64_t prime) { ... });
//
// A stream is one job: the pool counts it as one, its options are those of a job, and progress,
// label, lease and observers work as for any other. It runs alone in its worker until its function
// has returned. What the function may do with its Emit is in <phial/protocol/emit.h>.
//
// Back-pressure: items that nobody has asked for stay in 256 KiB of the worker's memory. When it is
// full, the function waits in emit(), and the master has kept nothing. So a Stream that is kept and
// never read holds its worker: JobOptions::timeout and deadline end it, and so do cancel() and
// dropping the Stream. Pool::stop() waits for it as for any running job, at most
// StopOptions::within.
//
// The end: next() gives every item that has arrived, then the job's failure, or nothing when the
// function has returned. A worker's death does not take back what had arrived; a WorkerDied has the
// certificate. A job whose first item has arrived is never run again, whatever JobOptions::rerun
// says, because its consumer would get the items twice; before that rerun applies as always.
// Cancelling is different: it drops what has arrived, and next() fails with CancelledError. After a
// softTimeout emit() throws CancelledError, and the stream ends with what the function does then.
//
// Thread rule: the thread of the pool's loop. Life: a Stream may outlive its pool; its next() fails
// with PoolStopped then.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/detail/stream_job.h>
#include <phial/master/submitter.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

template <class T>
class Stream {
 public:
  /// The source of the items that `items` brings. Not for users: Submitter::stream() makes it.
  explicit Stream(std::shared_ptr<detail::ItemStream> items) : items_(std::move(items)) {}
  /// A Stream that was moved from is empty: its next() fails with std::logic_error.
  Stream(Stream&&) noexcept = default;
  /// Drops what this Stream had.
  Stream& operator=(Stream&& other) noexcept {
    if (this != &other) {
      cancel();
      items_ = std::move(other.items_);
    }
    return *this;
  }
  /// Cancels the job, unless the stream has ended. A next() that waits fails with CancelledError.
  ~Stream() { cancel(); }

  /// Returns the next item; an empty optional at the end, also when it is asked again. Fails as the
  /// job does, also when it is asked again, and with EncodingError when the item is not what T can
  /// hold: then the job is cancelled.
  ///
  /// One at a time: while a next() waits, a second one fails with std::logic_error, and the first
  /// goes on. Cancelling the Deferred gives up the wait alone; the item is the next one's.
  Deferred<std::optional<T>> next();

  /// Calls f(T item) for each item, one at a time, from the loop. If `f` returns a Deferred, the
  /// next call waits for it, and the function waits in emit() when its memory is full. Fires after
  /// the last call. Fails as next() does; when `f` throws or its Deferred fails, fails so and
  /// cancels the job. Cancelling the Deferred cancels the job, and what `f` waits for; dropping it
  /// lets the stream go on.
  template <class F>
  Deferred<void> forEach(F f) &&;
  /// On a named Stream: std::move(stream).forEach(f).
  template <class F>
  Deferred<void> forEach(F) const& {
    static_assert(detail::kNever<F>,
                  "forEach uses up the stream: write std::move(stream).forEach(f).");
    return {};
  }

  /// Cancels the job, as cancelling the Deferred of a job does, and drops the items that have
  /// arrived. Does nothing when the stream has ended.
  void cancel() noexcept {
    if (items_) items_->cancel();
  }

 private:
  std::shared_ptr<detail::ItemStream> items_;
};

namespace detail {

template <class T>
using NextItem = std::optional<T>;

template <class T>
NextItem<T> takeItem(ItemStream& items) {
  NextItem<T> item;
  items.take(&item, [](void* to, ValueReader value) {
    static_cast<NextItem<T>*>(to)->emplace(decode<T>(value));
  });
  return item;
}

/// A next() that waits. Its stream owns it.
template <class T>
class WaitingNext final : public ItemTaker {
 public:
  WaitingNext(ItemStream& items, Resolver<NextItem<T>> resolver)
      : items_(items), resolver_(std::move(resolver)) {}

  std::unique_ptr<ResultReading> beginReading(ValueReader item) override {
    return SlicedReading<T>::begin(item);
  }
  void readyRead(ResultReading& reading) override {
    NextItem<T> item;
    try {
      item = static_cast<SlicedReading<T>&>(reading).take();
    } catch (...) {
      items_.failReading();
      return resolver_.errback(items_.failure());
    }
    resolver_.callback(std::move(item));
  }
  void ready(ItemLook found) override {
    switch (found) {
      case ItemLook::item:
        return give();
      case ItemLook::failure:
        return resolver_.errback(items_.failure());
      default:
        return resolver_.callback(NextItem<T>());
    }
  }

 private:
  void give() {
    NextItem<T> item;
    try {
      item = takeItem<T>(items_);
    } catch (...) {
      return resolver_.errback(Failure::current());
    }
    resolver_.callback(std::move(item));
  }

  ItemStream& items_;
  const Resolver<NextItem<T>> resolver_;
};

template <class T>
Deferred<NextItem<T>> waitForItem(ItemStream& items) {
  auto made =
      newDeferred<NextItem<T>>([weak = items.weak_from_this()](Resolver<NextItem<T>>& next) {
        if (const auto live = weak.lock()) live->stopWaiting();
        next.errback(CancelledError());
      });
  items.wait(std::make_shared<WaitingNext<T>>(items, std::move(made.resolver)));
  return std::move(made.deferred);
}

template <class T, class F>
Deferred<void> forEachItem(Stream<T> stream, F f) {
  using Returned = std::remove_cvref_t<decltype(f(std::declval<T>()))>;
  for (;;) {
    NextItem<T> item = co_await stream.next();
    if (!item) co_return;
    if constexpr (Lift<Returned>::kDeferred) {
      auto pending = f(*std::move(item));
      co_await std::move(pending);
    } else {
      static_cast<void>(f(*std::move(item)));
    }
  }
}

}  // namespace detail

template <class T>
Deferred<std::optional<T>> Stream<T>::next() {
  using Look = detail::ItemLook;
  using Next = std::optional<T>;
  if (!items_) return fail<Next>(std::logic_error("next() of a Stream that was moved from"));
  switch (items_->look()) {
    case Look::item:
      try {
        return succeed(detail::takeItem<T>(*items_));
      } catch (...) {
        return fail<Next>(Failure::current());
      }
    case Look::end:
      return succeed(Next());
    case Look::failure:
      return fail<Next>(items_->failure());
    case Look::taken:
      return fail<Next>(std::logic_error("next() was called while an earlier next() waits"));
    case Look::later:
      break;
  }
  return detail::waitForItem<T>(*items_);
}

template <class T>
template <class F>
Deferred<void> Stream<T>::forEach(F f) && {
  static_assert(std::is_invocable_v<F&, T>,
                "Stream<T>::forEach calls f(T item): write that parameter, and no other.");
  if constexpr (std::is_invocable_v<F&, T>) {
    return detail::forEachItem<T>(std::move(*this), std::move(f));
  } else {
    return {};
  }
}

template <auto function, class... A>
auto Submitter::stream(A&&... args) const {
  using T = typename detail::StreamOf<decltype(function)>::Item;
  std::shared_ptr<detail::ItemStream> items;
  if constexpr (detail::checkStream<decltype(function)>()) {
    using Signature = typename FunctionTraits<decltype(function)>::Signature;
    using Arguments = typename detail::StreamOf<Signature>::Arguments;
    if constexpr (Arguments::template check<A...>()) {
      // This puts the function into the program's table, from which the worker serves it.
      if constexpr (!detail::kNamedFunction<decltype(function)>) {
        LinkedFunction<function>::require();
      }
      static const detail::FunctionName name{functionName<function>(),
                                             functionSignature<function>(), detail::Timed::call,
                                             detail::Gives::items};
      items = detail::beginStream(*link_, options_, name, [&](detail::Runner& runner) {
        return Arguments::keepAll(runner, name.name, std::forward<A>(args)...);
      });
    }
  }
  return Stream<T>(std::move(items));
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
