#include "master/service/text_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phial::detail {
namespace {

using ::testing::HasSubstr;

TEST(TextFormatTest, ASampleStandsBelowItsFamily) {
  TextFormat format;
  format.family("jobs_total", "counter", "Jobs.");
  format.sample({{"pool", "a"}, {"outcome", "succeeded"}}, std::uint64_t{7});
  format.sample({}, Duration(1'500'000'000));
  EXPECT_EQ(format.take(),
            "# HELP jobs_total Jobs.\n"
            "# TYPE jobs_total counter\n"
            "jobs_total{pool=\"a\",outcome=\"succeeded\"} 7\n"
            "jobs_total 1.5\n");
}

TEST(TextFormatTest, LabelsAreEscaped) {
  TextFormat format;
  format.family("x", "gauge", "X.");
  format.sample({{"f", "a\"b\\c\nd"}}, std::uint64_t{1});
  EXPECT_THAT(format.take(), HasSubstr(R"(x{f="a\"b\\c\nd"} 1)"));
}

TEST(TextFormatTest, WhatIsNoUtf8IsReplaced) {
  EXPECT_EQ(validText("gr\xC3\xBC\xC3\x9F"), "gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(validText("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(validText("\xC3"), "\xEF\xBF\xBD") << "cut off";
  EXPECT_EQ(validText("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "overlong";
  EXPECT_EQ(validText("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "a surrogate";
  EXPECT_EQ(validText("\xF4\x90\x80\x80").size(), 12U) << "beyond Unicode";
}

TEST(TextFormatTest, LongTextsAreCutBetweenCharacters) {
  std::string text(255, 'x');
  text += "\xC3\xBC";
  EXPECT_EQ(validText(text), std::string(255, 'x'));
  EXPECT_EQ(validText(std::string(1'000'000, 'y')).size(), 256U);
}

TEST(TextFormatTest, SecondsAreExact) {
  EXPECT_EQ(secondsOf(Duration(0)), "0");
  EXPECT_EQ(secondsOf(Duration(1)), "0.000000001");
  EXPECT_EQ(secondsOf(std::chrono::seconds(90)), "90");
  EXPECT_EQ(secondsOf(Duration(123'456'789'012'345'678)), "123456789.012345678");
}

TEST(TextFormatTest, AHistogramHasSixteenBucketsAndExactCounts) {
  Histogram histogram;
  histogram.add(Duration(1023));
  histogram.add(Duration(1024));
  histogram.add(std::chrono::hours(1));
  TextFormat format;
  format.family("wait_seconds", "histogram", "Wait.");
  format.histogram("p", histogram);
  const std::string text = format.take();
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{pool=\"p\",le=\"0.000001023\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{pool=\"p\",le=\"0.000004095\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{pool=\"p\",le=\"274.877906943\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{pool=\"p\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_sum{pool=\"p\"} 3600.000002047\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_count{pool=\"p\"} 3\n"));
  std::size_t buckets = 0;
  for (auto at = text.find("_bucket"); at != std::string::npos; at = text.find("_bucket", at + 1)) {
    ++buckets;
  }
  EXPECT_EQ(buckets, 16U);
}

}  // namespace
}  // namespace phial::detail
