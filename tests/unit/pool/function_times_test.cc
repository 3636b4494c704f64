#include "master/pool/function_times.h"

#include <gtest/gtest.h>

namespace phial::detail {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(FunctionTimesTest, KnowsNothingOfAFunctionThatHasNotRun) {
  FunctionTimes times;
  EXPECT_FALSE(times.of({"f", "void ()"}));
  times.note({"f", "void ()"}, microseconds(3));
  EXPECT_FALSE(times.of({"g", "void ()"}));
  EXPECT_FALSE(times.of({"f", "int ()"})) << "another function of the same name";
  EXPECT_EQ(times.of({"f", "void ()"}), microseconds(3));
}

TEST(FunctionTimesTest, RisesQuicklyAndFallsSlowly) {
  FunctionTimes times;
  const FunctionName f{"f", ""};
  times.note(f, microseconds(10));
  times.note(f, seconds(2));
  times.note(f, seconds(2));
  EXPECT_GE(times.of(f), seconds(1));
  for (int i = 0; i < 40; ++i) times.note(f, microseconds(10));
  EXPECT_GE(times.of(f), milliseconds(50)) << "it has forgotten too soon";
  for (int i = 0; i < 400; ++i) times.note(f, microseconds(10));
  EXPECT_LE(times.of(f), microseconds(11));
}

TEST(FunctionTimesTest, OneLongJobAmongShortOnesIsNoRule) {
  FunctionTimes times;
  const FunctionName f{"f", ""};
  for (int i = 0; i < 10; ++i) {
    times.note(f, microseconds(10));
    times.note(f, seconds(2));
  }
  EXPECT_EQ(times.of(f), microseconds(10));
  times.note(f, seconds(2));
  EXPECT_GE(times.of(f), seconds(1)) << "two in a row are";
}

TEST(FunctionTimesTest, KeepsFunctionsApartThatTakeTurns) {
  FunctionTimes times;
  for (int i = 0; i < 10; ++i) {
    times.note({"short", ""}, microseconds(1));
    times.note({"long", ""}, seconds(1));
  }
  EXPECT_EQ(times.of({"short", ""}), microseconds(1));
  EXPECT_EQ(times.of({"long", ""}), seconds(1));
}

}  // namespace
}  // namespace phial::detail
