#include "master/cli/progress_display.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace phial::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(ProgressDisplayTest, ALineHoldsRatesSinceTheOneBefore) {
  ProgressDisplay display(ProgressDisplay::Style::lines);
  display.next({.seconds = 1, .settled = 100, .restarts = 5});
  const auto line = display.next({.seconds = 3, .settled = 500, .workers = 4, .restarts = 25});
  EXPECT_THAT(line, HasSubstr("500 jobs (200/s)"));
  EXPECT_THAT(line, HasSubstr("25 restarts (10/s"));
  EXPECT_THAT(line, HasSubstr("4 workers"));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(ProgressDisplayTest, ATableIsDrawnOverTheOneBefore) {
  ProgressDisplay display(ProgressDisplay::Style::table);
  const auto first = display.next({.seconds = 1, .settled = 50, .jobs = 100});
  EXPECT_THAT(first, StartsWith("jobs"));
  EXPECT_THAT(first, HasSubstr("(50 %)"));
  const auto lines = std::count(first.begin(), first.end(), '\n');
  EXPECT_THAT(display.next({.seconds = 2}), StartsWith("\033[" + std::to_string(lines) + "Ajobs"));
}

}  // namespace
}  // namespace phial::cli
