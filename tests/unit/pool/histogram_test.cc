#include <gtest/gtest.h>
#include <phial/master/histogram.h>

#include <chrono>
#include <cmath>
#include <stdexcept>

namespace phial {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(HistogramTest, AnEmptyOneIsAllZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.min(), Duration::zero());
  EXPECT_EQ(histogram.max(), Duration::zero());
  EXPECT_EQ(histogram.mean(), Duration::zero());
  EXPECT_EQ(histogram.quantile(0.5), Duration::zero());
  EXPECT_EQ(histogram.quantile(1), Duration::zero());
}

TEST(HistogramTest, KeepsCountExtremesAndMeanExactly) {
  Histogram histogram;
  for (const int us : {10, 20, 60}) histogram.add(microseconds(us));
  EXPECT_EQ(histogram.count(), 3U);
  EXPECT_EQ(histogram.min(), microseconds(10));
  EXPECT_EQ(histogram.max(), microseconds(60));
  EXPECT_EQ(histogram.mean(), microseconds(30));
  EXPECT_EQ(histogram.quantile(0), microseconds(10));
  EXPECT_EQ(histogram.quantile(1), microseconds(60));
}

TEST(HistogramTest, AQuantileIsWithinASixteenthOfTheTruth) {
  Histogram histogram;
  for (int us = 1; us <= 10'000; ++us) histogram.add(microseconds(us));
  for (const double q : {0.01, 0.1, 0.5, 0.9, 0.99, 0.999}) {
    const double truth = q * 10'000e3;
    EXPECT_NEAR(static_cast<double>(histogram.quantile(q).count()), truth, truth / 16 + 1000) << q;
  }
}

TEST(HistogramTest, EachValueIsFoundAgainWhateverItsSize) {
  for (Duration value{1}; value < hours(24 * 12); value = value * 5 / 3 + nanoseconds(1)) {
    Histogram histogram;
    histogram.add(Duration::zero());
    histogram.add(value);
    histogram.add(hours(24 * 13));
    const auto found = static_cast<double>(histogram.quantile(0.6).count());
    const auto truth = static_cast<double>(value.count());
    EXPECT_LE(std::abs(found - truth), truth / 16) << value.count() << " ns";
  }
}

TEST(HistogramTest, ExtremesHaveAPlaceToo) {
  Histogram histogram;
  histogram.add(seconds(-1));
  histogram.add(Duration::max());
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.min(), Duration::zero());
  EXPECT_EQ(histogram.max(), Duration::max());
}

TEST(HistogramTest, AQuantileOutsideOfTheUnitIntervalIsRefused) {
  const Histogram histogram;
  EXPECT_THROW((void)histogram.quantile(-0.1), std::invalid_argument);
  EXPECT_THROW((void)histogram.quantile(50), std::invalid_argument);
  EXPECT_THROW((void)histogram.quantile(std::nan("")), std::invalid_argument);
}

TEST(HistogramTest, ItsBucketsCanBeRead) {
  Histogram histogram;
  for (const int ns : {3, 3, 1023, 1024}) histogram.add(nanoseconds(ns));
  const std::vector<Histogram::Bucket> expected = {
      {nanoseconds(3), 2}, {nanoseconds(1023), 1}, {nanoseconds(1151), 1}};
  EXPECT_EQ(histogram.buckets(), expected);
  EXPECT_EQ(histogram.countUpTo(nanoseconds(1023)), 3U);
  EXPECT_EQ(histogram.countUpTo(nanoseconds(1024)), 3U) << "its bucket goes on to 1151";
  EXPECT_EQ(histogram.countUpTo(Duration::max()), 4U);
  EXPECT_EQ(histogram.sum(), nanoseconds(2053));
}

TEST(HistogramTest, ASumOfTwoCountsWhatBothHaveCounted) {
  Histogram one;
  Histogram other;
  one.add(microseconds(5));
  other.add(hours(1));
  one += Histogram();
  one += other;
  EXPECT_EQ(one.count(), 2U);
  EXPECT_EQ(one.min(), microseconds(5));
  EXPECT_EQ(one.max(), hours(1));
  EXPECT_EQ(one.sum(), hours(1) + microseconds(5));
}

}  // namespace
}  // namespace phial
