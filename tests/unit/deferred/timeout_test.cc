// Deferred::addTimeout, after Twisted's tests of the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/deferred.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

using namespace std::chrono_literals;

class TimeoutTest : public ::testing::Test {
 protected:
  Deferred<void> watch(Deferred<int> d) {
    return std::move(d).addCallbacks([this](int n) { value = n; },
                                     [this](const Failure& f) {
                                       failure = f.type();
                                       message = f.message();
                                     });
  }
  ManualClock clock;
  int value = 0;
  std::string failure;
  std::string message;
};

TEST_F(TimeoutTest, NoResultInTimeIsATimeoutError) {
  auto made = newDeferred<int>();
  auto d = watch(std::move(made.deferred).addTimeout(2s, clock));
  clock.advance(1999ms);
  EXPECT_EQ(failure, "");
  clock.advance(1ms);
  EXPECT_EQ(failure, "phial::TimeoutError");
  EXPECT_EQ(message, "no result within 2.000000 s");
  EXPECT_NO_THROW(made.resolver.callback(1)) << "one late result is swallowed";
}

TEST_F(TimeoutTest, ResultInTimeEndsTheTimer) {
  auto made = newDeferred<int>();
  auto d = watch(std::move(made.deferred).addTimeout(2s, clock));
  made.resolver.callback(5);
  EXPECT_EQ(value, 5);
  EXPECT_EQ(clock.pending(), 0u);
  clock.advance(3s);
  EXPECT_EQ(failure, "");
}

TEST_F(TimeoutTest, FailureInTimePassesAndEndsTheTimer) {
  auto made = newDeferred<int>();
  auto d = watch(std::move(made.deferred).addTimeout(2s, clock));
  made.resolver.errback(std::range_error("own"));
  EXPECT_EQ(failure, "std::range_error");
  EXPECT_EQ(clock.pending(), 0u);
}

TEST_F(TimeoutTest, CancellationBySomebodyElseStaysCancellation) {
  auto made = newDeferred<int>();
  auto d = watch(std::move(made.deferred).addTimeout(2s, clock));
  d.cancel();
  EXPECT_EQ(failure, "phial::CancelledError");
  EXPECT_EQ(clock.pending(), 0u);
}

TEST_F(TimeoutTest, ResultOfTheCancellerStands) {
  auto made = newDeferred<int>([](Resolver<int>& r) { r.callback(9); });
  auto d = watch(std::move(made.deferred).addTimeout(2s, clock));
  clock.advance(2s);
  EXPECT_EQ(value, 9);
  auto failing = newDeferred<int>([](Resolver<int>& r) { r.errback(std::range_error("own")); });
  auto e = watch(std::move(failing.deferred).addTimeout(2s, clock));
  clock.advance(2s);
  EXPECT_EQ(failure, "std::range_error");
}

TEST_F(TimeoutTest, CoversOnlyWhatStandsBeforeIt) {
  auto made = newDeferred<int>();
  auto later = newDeferred<int>();
  auto d = watch(std::move(made.deferred).addTimeout(2s, clock).addCallback([&](int) {
    return std::move(later.deferred);
  }));
  made.resolver.callback(1);
  clock.advance(5s);
  EXPECT_EQ(failure, "");
  later.resolver.callback(4);
  EXPECT_EQ(value, 4);
}

TEST_F(TimeoutTest, OfAnInnerWorksOnceTheOuterWaitsForIt) {
  auto inner = newDeferred<int>();
  auto d =
      watch(succeed().addCallback([&] { return std::move(inner.deferred).addTimeout(2s, clock); }));
  clock.advance(2s);
  EXPECT_EQ(failure, "phial::TimeoutError");
}

TEST_F(TimeoutTest, TwoTimeoutsTheShorterWins) {
  auto made = newDeferred<int>();
  auto d = watch(std::move(made.deferred).addTimeout(5s, clock).addTimeout(1s, clock));
  clock.advance(1s);
  EXPECT_EQ(failure, "phial::TimeoutError");
  EXPECT_EQ(message, "no result within 1.000000 s");
  EXPECT_EQ(clock.pending(), 0u);
}

TEST_F(TimeoutTest, WorksWhenTheHandleIsGone) {
  UnhandledErrors unhandled;
  auto made = newDeferred<int>();
  made.deferred = std::move(made.deferred).addTimeout(1s, clock);
  made.deferred = {};
  clock.advance(1s);
  EXPECT_TRUE(made.resolver.called());
  EXPECT_EQ(unhandled.take().size(), 1u);
}

TEST_F(TimeoutTest, FiredAlreadyLeavesNoTimer) {
  auto d = watch(succeed(3).addTimeout(1s, clock));
  EXPECT_EQ(value, 3);
  EXPECT_EQ(clock.pending(), 0u);
}

}  // namespace
}  // namespace phial
