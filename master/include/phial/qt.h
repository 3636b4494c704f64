// Phial in programs on Qt. Header only; needs Qt 6.2 or later, QtCore alone (CMake: Qt6::Core).
//
//     phial::Reactor reactor;
//     phial::qt::Loop loop(reactor);              // in this thread's event loop
//     phial::ProcessPool pool(reactor);
//     QFuture<bool> prime = phial::qt::run<isPrime>(pool, n);
//     prime.then(&window, [](bool prime) { ... })
//          .onFailed(&window, [](const phial::WorkerDied& death) { ... });
//     application.exec();
//
// Instead of Reactor and Loop, a BlockingPool may serve: its loop has a thread of its own, run()
// may be called on any thread, and a call costs two hops between threads more.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/detail/foreign_job.h>
#include <phial/master/detail/held_reactor.h>
#include <phial/master/outcome.h>
#include <phial/master/reactor.h>

#include <QAbstractEventDispatcher>
#include <QCoreApplication>
#include <QFuture>
#include <QFutureWatcher>
#include <QPointer>
#include <QPromise>
#include <QSocketNotifier>
#include <QTimer>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {

class HeldByQt final : public HeldReactor {
 public:
  explicit HeldByQt(Reactor& reactor)
      : HeldReactor(reactor, nullptr),  // a QFuture has no callback of its own
        notifier_(std::make_unique<QSocketNotifier>(reactor.fd(), QSocketNotifier::Read)),
        timer_(std::make_unique<QTimer>()) {
    timer_->setSingleShot(true);
    timer_->setTimerType(Qt::PreciseTimer);
    // Each lambda is the slot of an object that this one owns.
    QObject::connect(notifier_.get(), &QSocketNotifier::activated, [this] { turn(); });
    QObject::connect(timer_.get(), &QTimer::timeout, [this] { turn(); });
    arm(Duration::zero());
  }

 private:
  // A timer that fires too early is left as it is: the turn then arms it again. Most turns of a
  // busy Reactor thus touch no timer.
  void arm(std::optional<Duration> timeout) override {
    if (!notifier_->isEnabled()) notifier_->setEnabled(true);
    if (!timeout) return;
    const auto wait = millisecondsUpTo(*timeout);
    const auto due = std::chrono::steady_clock::now() + wait;
    if (timer_->isActive() && due_ <= due) return;
    due_ = due;
    timer_->start(wait);
  }
  void pause() override {
    notifier_->setEnabled(false);
    timer_->stop();
  }
  // Inside one of their signals they may not be destroyed.
  void disarm() noexcept override {
    notifier_->setEnabled(false);
    timer_->stop();
    notifier_->disconnect();
    timer_->disconnect();
    notifier_.release()->deleteLater();
    timer_.release()->deleteLater();
  }

  std::unique_ptr<QSocketNotifier> notifier_;
  std::unique_ptr<QTimer> timer_;
  std::chrono::steady_clock::time_point due_;  // of the active timer
};

/// Gives an outcome to a QFuture.
template <class T>
void settle(QPromise<T>& promise, Outcome<T> outcome) {
  if (!outcome.ok()) {
    // What was cancelled by its QFuture ends as Qt's cancelled futures do.
    if (!promise.isCanceled()) promise.setException(outcome.failure().exception());
  } else if constexpr (!std::is_void_v<T>) {
    promise.addResult(std::move(outcome).value());
  }
  promise.finish();
}

/// Calls cancel() on the thread of the caller, or on the application's when it has no event loop,
/// once `future` is cancelled. Ends with the future.
template <class T>
void watchFuture(const QFuture<T>& future, std::function<void()> cancel) {
  auto* const watcher = new QFutureWatcher<T>();
  QObject::connect(watcher, &QFutureWatcherBase::canceled, watcher, std::move(cancel));
  QObject::connect(watcher, &QFutureWatcherBase::finished, watcher, &QObject::deleteLater);
  watcher->setFuture(future);
  auto* const application = QCoreApplication::instance();
  if (QAbstractEventDispatcher::instance() == nullptr && application != nullptr) {
    watcher->moveToThread(application->thread());
  }
}

/// What is called a little later in the event loop of this thread.
///
/// A QFuture tells of its cancellation through a QFutureWatcher alone, whose five events cost as
/// much as a short job. So a future gets its watcher after kDelay, if it has not ended by then. A
/// watcher tells at once of a cancellation that was before it.
class LaterInQt {
 public:
  /// REQUIRES: this thread has an event dispatcher.
  static void call(std::function<void()> f) {
    auto& [functions, timer] = ofThisThread();
    functions.push_back(std::move(f));
    const auto* const dispatcher = QAbstractEventDispatcher::instance();
    const bool armed = timer != nullptr && timer->parent() == dispatcher && timer->isActive();
    if (!armed) arm();
  }

 private:
  static constexpr std::chrono::milliseconds kDelay{5};
  static constexpr int kMostAtOnce = 100;  // watchers: some 0.2 ms

  struct Waiting {
    std::deque<std::function<void()>> functions;
    QPointer<QTimer> timer;  // ends with its dispatcher
  };
  static Waiting& ofThisThread() {
    static thread_local Waiting waiting;
    return waiting;
  }
  static void arm() {
    auto& timer = ofThisThread().timer;
    auto* const dispatcher = QAbstractEventDispatcher::instance();
    if (timer == nullptr || timer->parent() != dispatcher) {
      timer = new QTimer(dispatcher);
      timer->setSingleShot(true);
      QObject::connect(timer.data(), &QTimer::timeout, [] { onTime(); });
    }
    timer->start(kDelay);
  }
  static void onTime() {
    auto& functions = ofThisThread().functions;
    for (int i = 0; i < kMostAtOnce && !functions.empty(); ++i) {
      const auto f = std::move(functions.front());
      functions.pop_front();
      f();
    }
    if (!functions.empty()) arm();
  }
};

/// Calls cancel(), as watchFuture does, once the future of `promise` is cancelled. Keeps the
/// promise no longer than its other owners do.
template <class T>
void onCanceled(const std::shared_ptr<QPromise<T>>& promise, std::function<void()> cancel) {
  if (QAbstractEventDispatcher::instance() == nullptr) {
    return watchFuture(promise->future(), std::move(cancel));
  }
  LaterInQt::call([weak = std::weak_ptr(promise), cancel = std::move(cancel)] {
    if (const auto kept = weak.lock()) watchFuture(kept->future(), cancel);
  });
}

template <class T>
struct QtReceiver {
  void operator()(Outcome<T> outcome) { settle(*promise, std::move(outcome)); }

  std::shared_ptr<QPromise<T>> promise;
};

}  // namespace detail

namespace qt {

/// Holds a Reactor in the event loop of this thread: while the event loop runs, so does the
/// Reactor, a turn of at most 10 ms at a time. reactor.stop() ends the holding, after its system
/// event triggers; make another Loop to go on. If exec() returns and is called again, the Reactor
/// goes on, too. A nested event loop inside a callback of Phial's, such as QDialog::exec(), does
/// not run the Reactor: open dialogs from a slot, or with QDialog::open().
///
/// Life: after the QCoreApplication; destroyed before it and before the Reactor; also inside a
/// callback. Thread rule: made, used and destroyed on the Reactor's thread.
class Loop {
 public:
  /// Throws Error as Reactor::fd does, std::logic_error on another thread than the Reactor's.
  explicit Loop(Reactor& reactor) : held_(std::make_shared<detail::HeldByQt>(reactor)) {}
  ~Loop() { held_->release(); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Calls `f` once when reactor.stop() has ended the holding, such as QCoreApplication::quit;
  /// replaces what was given before.
  void onStop(std::function<void()> f) { held_->onStop(std::move(f)); }

 private:
  std::shared_ptr<detail::HeldByQt> held_;
};

/// The result of `deferred` as a QFuture. A failure becomes the QFuture's exception, which result()
/// and then() rethrow as itself. QFuture::cancel() cancels the Deferred, from the event loop and
/// within about 5 ms; the QFuture then is canceled and, once the Deferred has ended, finished. On
/// the Deferred's thread.
template <class T>
QFuture<T> toFuture(Deferred<T> deferred) {
  auto promise = std::make_shared<QPromise<T>>();
  promise->start();
  auto future = promise->future();
  if (!deferred.called()) {
    detail::onCanceled(promise, [handle = deferred.handle()] { handle.cancel(); });
  }
  std::move(deferred).addBoth(
      [promise](Outcome<T> outcome) { detail::settle(*promise, std::move(outcome)); });
  return future;
}

/// Runs `function(args...)` in a worker and returns its result as a QFuture, as toFuture does.
/// `pool` is a BlockingPool, or a handle from its with(), on any thread; or a Pool or Submitter on
/// a Reactor of this thread, which a Loop holds. Arguments and errors are those of
/// Submitter::deferToProcess. Do not wait for the QFuture of a pool on this thread
/// (waitForFinished, result): nothing would bring the result meanwhile.
template <auto function, detail::AnySubmitter Jobs, class... A>
auto run(const Jobs& pool, A&&... args) {
  using R = detail::ResultOfCall<function>;
  if constexpr (std::derived_from<Jobs, Submitter>) {
    return toFuture(pool.template deferToProcess<function>(std::forward<A>(args)...));
  } else if constexpr (detail::checkBlockingCall<function, A...>()) {
    auto call = detail::prepareCall<function>(std::forward_as_tuple(std::forward<A>(args)...));
    auto promise = std::make_shared<QPromise<R>>();
    promise->start();
    auto future = promise->future();
    detail::startJob<R>(pool, std::move(call), detail::QtReceiver<R>{promise}, nullptr,
                        [&](const std::shared_ptr<detail::ForeignJob>& job) {
                          detail::onCanceled(promise, [job] { job->cancel(); });
                        });
    return future;
  }
}

}  // namespace qt
}  // namespace phial::inline v1

#pragma GCC visibility pop
