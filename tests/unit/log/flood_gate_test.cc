#include "master/log/flood_gate.h"

#include <gtest/gtest.h>

namespace phial::detail {
namespace {

TEST(FloodGateTest, LetsAFewPassInAPeriodAndCountsTheOthers) {
  FloodGate gate;
  const TimePoint begin{std::chrono::hours(1)};
  for (unsigned i = 0; i < FloodGate::kMost; ++i) EXPECT_TRUE(gate.admit(begin));
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(gate.admit(begin + FloodGate::kPeriod / 2));
  EXPECT_EQ(gate.takeHeldBack(), 1000U);
  EXPECT_EQ(gate.takeHeldBack(), 0U);
  EXPECT_TRUE(gate.admit(begin + FloodGate::kPeriod));
}

TEST(FloodGateTest, ASlowSeriesAlwaysPasses) {
  FloodGate gate;
  TimePoint now{};
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(gate.admit(now += FloodGate::kPeriod / FloodGate::kMost));
  EXPECT_EQ(gate.heldBack(), 0U);
}

}  // namespace
}  // namespace phial::detail
