// Conversions between Deferred and kj::Promise.
//
// Both sides must live on one thread, in whose KJ event loop the promises run (LoopBridge makes
// this the libevent loop). A Failure that holds a kj::Exception crosses unchanged. Any other
// Failure becomes a kj::Exception of type FAILED with the text "type: message"; its further details
// are lost.
#pragma once

#include <kj/async.h>
#include <kj/debug.h>
#include <phial/master/deferred.h>

#include <memory>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {

kj::Exception toKjException(const Failure& failure);
Failure fromKjException(kj::Exception&& exception);

/// The part of a promise that holds its Deferred.
template <class T>
class DeferredAdapter {
 public:
  DeferredAdapter(kj::PromiseFulfiller<T>& fulfiller, Deferred<T>&& deferred)
      : fulfiller_(std::make_shared<kj::PromiseFulfiller<T>*>(&fulfiller)) {
    rest_ = std::move(deferred).addBoth([to = fulfiller_](Outcome<T> outcome) {
      if (*to) settle(**to, std::move(outcome));
    });
  }
  DeferredAdapter(const DeferredAdapter&) = delete;
  DeferredAdapter& operator=(const DeferredAdapter&) = delete;
  ~DeferredAdapter() {
    *fulfiller_ = nullptr;
    rest_.cancel();
  }

 private:
  static void settle(kj::PromiseFulfiller<T>& fulfiller, Outcome<T> outcome) {
    if (!outcome.ok()) {
      fulfiller.reject(toKjException(outcome.failure()));
    } else if constexpr (std::is_void_v<T>) {
      fulfiller.fulfill();
    } else {
      fulfiller.fulfill(std::move(outcome).value());
    }
  }

  std::shared_ptr<kj::PromiseFulfiller<T>*> fulfiller_;  // null when the promise has been dropped
  Deferred<void> rest_;
};

/// A promise that is going to fire a Resolver. The KJ event loop owns it while it runs.
class PromiseRun {
 public:
  /// Drops the promise, in a later turn of the loop because the caller may be inside one of its
  /// continuations. Does nothing when the promise or its event loop has ended.
  static void cancel(const std::weak_ptr<PromiseRun>& run);

  /// Runs `promise` and passes its value to `done`, or its exception to `resolver`.
  template <class T, class Done>
  static void start(std::shared_ptr<PromiseRun> run, kj::Promise<T> promise, Resolver<T> resolver,
                    Done done) {
    auto& canceler = run->canceler_;
    auto failed = [resolver](kj::Exception&& e) {
      if (!resolver.called()) resolver.errback(fromKjException(kj::mv(e)));
    };
    canceler.wrap(kj::mv(promise))
        .then(kj::mv(done), kj::mv(failed))
        .attach(std::move(run))
        .detach([](kj::Exception&& e) { kj::throwFatalException(kj::mv(e)); });
  }

 private:
  kj::Canceler canceler_;
};

}  // namespace detail

/// Returns a promise for the Deferred's result. Dropping the promise cancels the Deferred; its
/// result, even a failure, is then dropped.
template <class T>
kj::Promise<T> toPromise(Deferred<T> deferred) {
  return kj::newAdaptedPromise<T, detail::DeferredAdapter<T>>(std::move(deferred));
}

/// Returns a Deferred for the promise's result. The promise runs whether or not the Deferred is
/// kept. Cancelling fails the Deferred at once and drops the promise in the next turn of the loop.
/// If the loop ends first, the Deferred stays pending.
template <class T>
Deferred<T> fromPromise(kj::Promise<T> promise) {
  auto run = std::make_shared<detail::PromiseRun>();
  auto made = newDeferred<T>(
      [weak = std::weak_ptr<detail::PromiseRun>(run)] { detail::PromiseRun::cancel(weak); });
  if constexpr (std::is_void_v<T>) {
    auto done = [resolver = made.resolver] {
      if (!resolver.called()) resolver.callback();
    };
    detail::PromiseRun::start(std::move(run), kj::mv(promise), made.resolver, kj::mv(done));
  } else {
    auto done = [resolver = made.resolver](T&& value) {
      if (!resolver.called()) resolver.callback(kj::mv(value));
    };
    detail::PromiseRun::start(std::move(run), kj::mv(promise), made.resolver, kj::mv(done));
  }
  return std::move(made.deferred);
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
