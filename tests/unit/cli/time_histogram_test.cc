#include "master/cli/time_histogram.h"

#include <gtest/gtest.h>

namespace phial::cli {
namespace {

using namespace std::chrono_literals;

TEST(TimeHistogramTest, IsZeroWhenEmpty) {
  const TimeHistogram histogram;
  EXPECT_EQ(histogram.quantileMs(0.5), 0);
  EXPECT_EQ(histogram.maxMs(), 0);
}

TEST(TimeHistogramTest, QuantilesAreRightToTwoPercent) {
  TimeHistogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.add(std::chrono::milliseconds(i));
  EXPECT_EQ(histogram.count(), 1000U);
  EXPECT_NEAR(histogram.quantileMs(0.5), 500, 10);
  EXPECT_NEAR(histogram.quantileMs(0.99), 990, 20);
  EXPECT_EQ(histogram.quantileMs(1), 1000);
  EXPECT_EQ(histogram.maxMs(), 1000);
}

TEST(TimeHistogramTest, TakesWhatIsOutOfItsRange) {
  TimeHistogram histogram;
  histogram.add(0ns);
  histogram.add(-1s);
  histogram.add(100'000h);
  EXPECT_EQ(histogram.count(), 3U);
  EXPECT_LT(histogram.quantileMs(0.5), 0.01);
}

}  // namespace
}  // namespace phial::cli
