#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/clock.h>

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

}  // namespace
}  // namespace phial
