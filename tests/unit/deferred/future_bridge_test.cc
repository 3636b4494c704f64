// Deferred and std::future. The loop is a real one: a thread waits for each future.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/future_bridge.h>
#include <phial/testing/deferred.h>

#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

using phial::testing::assertNoResult;
using phial::testing::failureResultOf;
using phial::testing::successResultOf;

class FutureBridgeTest : public ::testing::Test {
 protected:
  // Runs the loop until `d` has its result.
  template <class T>
  Deferred<T> ended(Deferred<T> d) {
    auto end = std::move(d).addBoth([this](Outcome<T> outcome) {
      reactor->stop();
      return outcome;
    });
    reactor->run();
    return end;
  }

  UnhandledErrors unhandled;
  std::optional<Reactor> reactor{std::in_place};
};

TEST_F(FutureBridgeTest, ValueComesToTheLoop) {
  std::promise<std::unique_ptr<int>> promise;
  auto d = fromFuture(*reactor, promise.get_future());
  assertNoResult(d);
  reactor->callWhenRunning([&] { promise.set_value(std::make_unique<int>(5)); });
  const auto loop = std::this_thread::get_id();
  std::thread::id ran;
  auto end = ended(std::move(d).addCallback([&](std::unique_ptr<int> value) {
    ran = std::this_thread::get_id();
    return *value;
  }));
  EXPECT_EQ(successResultOf(std::move(end)), 5);
  EXPECT_EQ(ran, loop);
}

TEST_F(FutureBridgeTest, ReadyFutureHasFiredAlready) {
  std::promise<void> promise;
  promise.set_value();
  successResultOf(fromFuture(*reactor, promise.get_future()));
}

TEST_F(FutureBridgeTest, ExceptionBecomesTheFailure) {
  std::promise<int> promise;
  auto d = fromFuture(*reactor, promise.get_future());
  reactor->callWhenRunning(
      [&] { promise.set_exception(std::make_exception_ptr(std::range_error("x"))); });
  failureResultOf<std::range_error>(ended(std::move(d)));
}

TEST_F(FutureBridgeTest, BrokenPromiseAndNoStateAreFailures) {
  auto promise = std::make_optional<std::promise<int>>();
  auto d = fromFuture(*reactor, promise->get_future());
  reactor->callWhenRunning([&] { promise.reset(); });
  EXPECT_TRUE(failureResultOf<std::future_error>(ended(std::move(d))).code());
  failureResultOf<std::future_error>(fromFuture(*reactor, std::future<int>()));
}

TEST_F(FutureBridgeTest, DeferredFunctionRunsOnTheWaitingThread) {
  const auto loop = std::this_thread::get_id();
  auto d = fromFuture(*reactor, std::async(std::launch::deferred,
                                           [loop] { return std::this_thread::get_id() != loop; }));
  EXPECT_TRUE(successResultOf(ended(std::move(d))));
}

TEST_F(FutureBridgeTest, CancelledItFailsAtOnceAndTheValueIsDropped) {
  std::promise<std::shared_ptr<int>> promise;
  auto d = fromFuture(*reactor, promise.get_future());
  d.cancel();
  failureResultOf<CancelledError>(std::move(d));
  auto value = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = value;
  promise.set_value(std::move(value));
  promise = {};
  int errors = 0;
  reactor->onCallbackError([&](const std::exception_ptr&) { ++errors; });
  std::function<void()> look = [&] {
    if (watched.expired()) return reactor->stop();
    reactor->callLater(std::chrono::milliseconds(1), look);
  };
  look();
  reactor->run();
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(errors, 0) << "fired a second time";
}

TEST_F(FutureBridgeTest, ReactorMayEndFirst) {
  auto held = std::make_shared<int>();
  std::promise<int> promise;
  auto d = fromFuture(*reactor, promise.get_future()).addBoth([held](auto&&) {});
  reactor.reset();
  d = {};
  EXPECT_EQ(held.use_count(), 1) << "nobody can fire it any more";
  promise.set_value(1);  // the thread rings where nobody listens
}

TEST_F(FutureBridgeTest, ToFutureGivesValueAndException) {
  auto made = newDeferred<int>();
  auto future = toFuture(std::move(made.deferred));
  EXPECT_NE(future.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  made.resolver.callback(3);
  EXPECT_EQ(future.get(), 3);
  EXPECT_THROW(toFuture(fail<void>(std::range_error("x"))).get(), std::range_error);
  toFuture(succeed()).get();
}

TEST_F(FutureBridgeTest, ToFutureOfADeferredThatIsNeverFiredIsBroken) {
  auto made = newDeferred<int>();
  auto future = toFuture(std::move(made.deferred));
  made.resolver = {};
  EXPECT_THROW(future.get(), std::future_error);
}

TEST_F(FutureBridgeTest, ThereAndBack) {
  auto made = newDeferred<std::string>();
  auto d = fromFuture(*reactor, toFuture(std::move(made.deferred)));
  reactor->callWhenRunning([&] { made.resolver.callback("text"); });
  EXPECT_EQ(successResultOf(ended(std::move(d))), "text");
}

}  // namespace
}  // namespace phial
