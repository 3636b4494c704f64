#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/clock.h>
#include <phial/master/deferred.h>
#include <phial/master/tasks.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

namespace phial {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class ManualClockTest : public ::testing::Test {
 protected:
  std::function<void()> note(int n) {
    return [this, n] { seen.push_back(n); };
  }
  ManualClock clock;
  TimePoint start = clock.now();
  std::vector<int> seen;
};

TEST_F(ManualClockTest, StandsStillUntilAdvanced) {
  clock.callLater(10ms, note(1));
  EXPECT_EQ(clock.now(), start);
  clock.advance(9ms);
  EXPECT_TRUE(seen.empty());
  EXPECT_EQ(clock.pending(), 1u);
  clock.advance(1ms);
  EXPECT_THAT(seen, ElementsAre(1));
  EXPECT_EQ(clock.now(), start + 10ms);
  EXPECT_EQ(clock.pending(), 0u);
}

TEST_F(ManualClockTest, RunsInTimeOrderThenInTheOrderOfAsking) {
  clock.callLater(2ms, note(3));
  clock.callLater(1ms, note(1));
  clock.callLater(1ms, note(2));
  clock.advance(5ms);
  EXPECT_THAT(seen, ElementsAre(1, 2, 3));
}

TEST_F(ManualClockTest, EachCallSeesItsOwnTime) {
  std::vector<Duration> times;
  clock.callLater(3ms, [&] { times.push_back(clock.now() - start); });
  clock.callLater(7ms, [&] { times.push_back(clock.now() - start); });
  clock.advance(10ms);
  EXPECT_THAT(times, ElementsAre(3ms, 7ms));
  EXPECT_EQ(clock.now(), start + 10ms);
}

TEST_F(ManualClockTest, CallsAskedForWithinTheSpanAreMadeToo) {
  clock.callLater(2ms, [&] { clock.callLater(3ms, note(5)); });
  clock.advance(4ms);
  EXPECT_TRUE(seen.empty());
  clock.advance(1ms);
  EXPECT_THAT(seen, ElementsAre(5));
  clock.callLater(2ms, [&] { clock.callLater(3ms, note(6)); });
  clock.advance(5ms);
  EXPECT_THAT(seen, ElementsAre(5, 6));
}

TEST_F(ManualClockTest, ZeroDelayWaitsForTheNextAdvance) {
  std::function<void()> again = [&] {
    seen.push_back(static_cast<int>(seen.size()));
    clock.callLater(0ms, again);
  };
  clock.callLater(0ms, again);
  EXPECT_TRUE(seen.empty());
  clock.advance(0ms);
  EXPECT_THAT(seen, ElementsAre(0));
  clock.advance(5ms);
  EXPECT_THAT(seen, ElementsAre(0, 1));
}

TEST_F(ManualClockTest, ResetToNowFromWithinACallWaitsToo) {
  DelayedCall later = clock.callLater(9ms, note(9));
  clock.callLater(1ms, [&] { later.reset(0ms); });
  clock.advance(20ms);
  EXPECT_TRUE(seen.empty());
  clock.advance(0ms);
  EXPECT_THAT(seen, ElementsAre(9));
}

TEST_F(ManualClockTest, CancelDropsTheCallAndWhatItCaptured) {
  auto owned = std::make_shared<int>(1);
  std::weak_ptr<int> watch = owned;
  auto call = clock.callLater(1ms, [owned = std::move(owned)] { ++*owned; });
  EXPECT_TRUE(call.active());
  EXPECT_TRUE(call.cancel());
  EXPECT_TRUE(watch.expired());
  EXPECT_FALSE(call.active());
  EXPECT_FALSE(call.cancel());
  clock.advance(2ms);
}

TEST_F(ManualClockTest, ResetCountsFromNowAndDelayFromTheOldTime) {
  auto a = clock.callLater(10ms, note(1));
  auto b = clock.callLater(10ms, note(2));
  clock.advance(5ms);
  EXPECT_TRUE(a.reset(10ms));  // at 15
  EXPECT_TRUE(b.delay(2ms));   // at 12
  clock.advance(7ms);
  EXPECT_THAT(seen, ElementsAre(2));
  clock.advance(3ms);
  EXPECT_THAT(seen, ElementsAre(2, 1));
  EXPECT_FALSE(a.reset(1ms));
  EXPECT_FALSE(b.delay(1ms));
}

TEST_F(ManualClockTest, CallIsInactiveWhileItRuns) {
  DelayedCall call;
  bool active = true;
  call = clock.callLater(1ms, [&] { active = call.active() || call.cancel(); });
  clock.advance(1ms);
  EXPECT_FALSE(active);
}

TEST_F(ManualClockTest, OneCallMayCancelAnotherThatIsDue) {
  DelayedCall second;
  clock.callLater(1ms, [&] { second.cancel(); });
  second = clock.callLater(1ms, note(2));
  clock.advance(1ms);
  EXPECT_TRUE(seen.empty());
}

TEST_F(ManualClockTest, NegativeDelayIsZeroAndNegativeAdvanceIsRefused) {
  clock.callLater(-5ms, note(1));
  clock.advance(0ms);
  EXPECT_THAT(seen, ElementsAre(1));
  EXPECT_EQ(clock.now(), start);
  EXPECT_THROW(clock.advance(-1ms), std::invalid_argument);
}

TEST_F(ManualClockTest, HandlesOutliveTheClock) {
  std::optional<ManualClock> mortal(std::in_place);
  auto call = mortal->callLater(1ms, note(1));
  mortal.reset();
  EXPECT_FALSE(call.active());
  EXPECT_FALSE(call.cancel());
}

TEST_F(ManualClockTest, NeverDoesNotCome) {
  clock.advance(1s);
  clock.callLater(Duration::max(), note(1));
  DelayedCall reset = clock.callLater(1h, note(2));
  EXPECT_TRUE(reset.reset(Duration::max()));
  DelayedCall delayed = clock.callLater(1h, note(3));
  EXPECT_TRUE(delayed.delay(Duration::max()));
  clock.advance(24h * 365 * 200);
  EXPECT_TRUE(seen.empty());
  EXPECT_EQ(clock.pending(), 3U);
  clock.advance(Duration::max());  // the end of time
  EXPECT_THAT(seen, ElementsAre(1, 2, 3));
  clock.advance(Duration::max());
  EXPECT_EQ(clock.now(), TimePoint::max());
}

// The handle of its own call is kept by what the call holds: addTimeout() and deferLater() do so.
TEST_F(ManualClockTest, ItsEndFreesWhatItsCallsHold) {
  const auto token = std::make_shared<int>();
  {
    ManualClock mortal;
    const auto timed =
        newDeferred<int>().deferred.addTimeout(1h, mortal).addCallback([token](int) {});
    const auto later = deferLater(mortal, 1h, [token] {});
    auto handle = std::make_shared<DelayedCall>();
    *handle = mortal.callLater(1h, [handle, token] {});
    EXPECT_EQ(token.use_count(), 4);
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST_F(ManualClockTest, WhatItDropsMayCallInAgain) {
  const auto token = std::make_shared<int>();
  class AsksAgain {
   public:
    AsksAgain(ManualClock& clock, std::shared_ptr<int> held, bool& active)
        : clock_(clock), held_(std::move(held)), active_(active) {}
    ~AsksAgain() {
      handle_ = clock_.callLater(1h, [held = held_] {});
      active_ = handle_.active();
    }

   private:
    ManualClock& clock_;
    std::shared_ptr<int> held_;
    bool& active_;
    DelayedCall handle_;
  };
  bool active = true;
  {
    ManualClock mortal;
    const auto asks = std::make_shared<AsksAgain>(mortal, token, active);
    mortal.callLater(1h, [asks] {});
    mortal.callLater(2h, [asks] {});
  }
  EXPECT_FALSE(active);
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace phial
