#include "master/cli/series.h"

#include <gtest/gtest.h>

namespace phial::cli {
namespace {

TEST(SeriesTest, KeepsEvenlySpreadPointsOfALongRun) {
  Series series;
  constexpr int kPoints = 100'000;
  for (int i = 0; i < kPoints; ++i) series.add({.seconds = static_cast<double>(i)});
  const auto& points = series.points();
  ASSERT_LT(points.size(), Series::kMost);
  ASSERT_GE(points.size(), Series::kMost / 2);
  EXPECT_EQ(points[0].seconds, 0);
  const double stride = points[1].seconds;
  for (std::size_t i = 1; i < points.size(); ++i) {
    EXPECT_EQ(points[i].seconds - points[i - 1].seconds, stride);
  }
  EXPECT_GE(points.back().seconds + stride, kPoints);
}

TEST(SeriesTest, KeepsAllOfAShortRun) {
  Series series;
  for (int i = 0; i < 10; ++i) series.add({.seconds = static_cast<double>(i)});
  EXPECT_EQ(series.points().size(), 10U);
}

}  // namespace
}  // namespace phial::cli
