// Qt: the suite of every host, and what is Qt's own.
#include <phial/qt.h>

#include <QAbstractEventDispatcher>
#include <thread>

#include "held_loop_suite.h"
#include "tests/support/unhandled_errors.h"

namespace phial {
namespace {

class QtHost {
 public:
  static constexpr bool kCarriesFailures = false;  // a QFuture has an exception_ptr

  void hold(Reactor& reactor) { holder_.emplace(reactor); }
  std::optional<qt::Loop>& holder() { return holder_; }
  void turn() { QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents); }
  void enter() { QCoreApplication::exec(); }
  void leave() { QCoreApplication::quit(); }
  void later(std::function<void()> f) { QTimer::singleShot(0, &application_, std::move(f)); }

  template <auto function, class... A, class Callback>
  std::function<void()> run(const Submitter& pool, std::tuple<A...> args, Callback callback) {
    using R = detail::ResultOfCall<function>;
    auto future =
        std::apply([&](A&... each) { return qt::run<function>(pool, std::move(each)...); }, args);
    future
        .then(&application_,
              [callback](QFuture<R> f) {
                try {
                  if constexpr (std::is_void_v<R>) {
                    f.waitForFinished();
                    callback(Outcome<R>());
                  } else {
                    callback(Outcome<R>(f.result()));
                  }
                } catch (...) {
                  callback(Outcome<R>(Failure::current()));
                }
              })
        .onCanceled(&application_, [callback] { callback(Outcome<R>(Failure(CancelledError()))); });
    return [future]() mutable { future.cancel(); };
  }

 private:
  int count_ = 1;
  char name_[5] = "test";
  char* arguments_[2] = {name_, nullptr};
  QCoreApplication application_{count_, arguments_};
  std::optional<qt::Loop> holder_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Qt, HeldLoopSuite, QtHost);

using QtTest = HeldLoopSuite<QtHost>;

TEST_F(QtTest, ABlockingPoolGivesFuturesToAnyThread) {
#ifdef PHIAL_THREAD_SANITIZER
  GTEST_SKIP() << "ThreadSanitizer does not see how Qt's futures lock";
#endif
  BlockingPool pool({.max = 1});
  auto future = qt::run<loop_jobs::repeat>(pool, "ab", 2);
  EXPECT_EQ(future.result(), "abab");
  std::thread([&] { EXPECT_EQ(qt::run<loop_jobs::add>(pool, 1, 2).result(), 3); }).join();
  EXPECT_THROW(qt::run<loop_jobs::throwRange>(pool, "far").waitForFinished(), std::out_of_range);
}

TEST_F(QtTest, ADeferredThatHasEndedIsAFinishedFuture) {
  EXPECT_EQ(qt::toFuture(succeed(3)).result(), 3);
  EXPECT_TRUE(qt::toFuture(succeed()).isFinished());
  EXPECT_THROW(qt::toFuture(fail<int>(std::out_of_range("far"))).result(), std::out_of_range);
}

TEST_F(QtTest, WhatAContinuationThrowsIsItsFuturesException) {
  auto next = qt::run<loop_jobs::add>(*pool_, 1, 2).then([](int) -> int {
    throw std::out_of_range("mine");
  });
  turnUntil([&] { return next.isFinished(); });
  EXPECT_THROW(next.result(), std::out_of_range);
  EXPECT_EQ(sum(1, 2), 3);
}

TEST_F(QtTest, WhatOnStopThrowsIsReported) {
  const UnhandledErrors unhandled;
  bool stopped = false;
  host_->holder()->onStop([&] {
    stopped = true;
    throw std::runtime_error("mine");
  });
  reactor_->callLater(0s, [&] { reactor_->stop(); });
  turnUntil([&] { return stopped; });
  EXPECT_EQ(unhandled.messages(), std::vector<std::string>{"mine"});
}

TEST_F(QtTest, ANestedLoopInsideACallbackNeitherRunsTheReactorNorSpins) {
  bool done = false;
  bool over = false;
  reactor_->callLater(0s, [&] {
    reactor_->callLater(0s, [&] { EXPECT_TRUE(over); });
    QTimer::singleShot(50, [&] { over = true; });
    int turns = 0;
    while (!over) (++turns, host_->turn());
    EXPECT_LE(turns, 20);
    done = true;
  });
  turnUntil([&] { return done; });
  EXPECT_EQ(sum(1, 2), 3);
}

TEST_F(QtTest, AFutureIsCancelledAtOnceOrLater) {
  int cancelled = 0;
  auto one = newDeferred<void>([&] { ++cancelled; });
  auto two = newDeferred<void>([&] { ++cancelled; });
  auto atOnce = qt::toFuture(std::move(one.deferred));
  auto later = qt::toFuture(std::move(two.deferred));
  atOnce.cancel();
  turnUntil([&] { return cancelled == 1; });
  QTimer::singleShot(20, [&] { later.cancel(); });
  turnUntil([&] { return cancelled == 2; });
  EXPECT_TRUE(atOnce.isFinished());
  EXPECT_TRUE(later.isFinished());
}

TEST_F(QtTest, ManyFuturesAreEachCancelled) {
  int cancelled = 0;
  std::vector<Resolver<void>> resolvers;
  std::vector<QFuture<void>> futures;
  for (int i = 0; i < 1'000; ++i) {
    auto made = newDeferred<void>([&] { ++cancelled; });
    resolvers.push_back(std::move(made.resolver));
    futures.push_back(qt::toFuture(std::move(made.deferred)));
  }
  for (auto& future : futures) future.cancel();
  turnUntil([&] { return cancelled == 1'000; });
}

TEST_F(QtTest, AResultIsFreedAlthoughNothingTurnsTheLoop) {
  auto made = newDeferred<std::shared_ptr<int>>();
  auto future = qt::toFuture(std::move(made.deferred));
  const auto value = std::make_shared<int>(1);
  made.resolver.callback(value);
  EXPECT_EQ(future.takeResult(), value);
  future = {};
  EXPECT_EQ(value.use_count(), 1);
}

TEST_F(QtTest, AnotherApplicationInTheThreadHearsOfCancellationsToo) {
  int cancelled = 0;
  auto one = newDeferred<void>([] {});
  auto two = newDeferred<void>([&] { ++cancelled; });
  auto earlier = qt::toFuture(std::move(one.deferred));  // its timer ends with the application
  pool_.reset();
  host_->holder().reset();
  QCoreApplication::processEvents();  // the holder goes in the next turn
  QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
  host_.reset();
  host_ = std::make_unique<QtHost>();
  auto future = qt::toFuture(std::move(two.deferred));
  future.cancel();
  turnUntil([&] { return cancelled == 1; });
  one.resolver.callback();
  turnUntil([&] { return earlier.isFinished(); });
  for (int i = 0; i < 10; ++i) {  // its watcher goes later
    QCoreApplication::processEvents();
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
  }
}

}  // namespace
}  // namespace phial
