#include "master/pool/function_history.h"

#include <gtest/gtest.h>
#include <phial/protocol/control_page.h>

namespace phial::detail {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(FunctionHistoryTest, KnowsNothingOfAFunctionThatHasNotRun) {
  FunctionHistory history;
  EXPECT_FALSE(history.time({"f", "void ()"}));
  history.note({"f", "void ()"}, microseconds(3), 0);
  EXPECT_FALSE(history.time({"g", "void ()"}));
  EXPECT_FALSE(history.time({"f", "int ()"})) << "another function of the same name";
  EXPECT_EQ(history.time({"f", "void ()"}), microseconds(3));
}

TEST(FunctionHistoryTest, RisesQuicklyAndFallsSlowly) {
  FunctionHistory history;
  const FunctionName f{"f", ""};
  history.note(f, microseconds(10), 0);
  history.note(f, seconds(2), 0);
  history.note(f, seconds(2), 0);
  EXPECT_GE(history.time(f), seconds(1));
  for (int i = 0; i < 40; ++i) history.note(f, microseconds(10), 0);
  EXPECT_GE(history.time(f), milliseconds(50)) << "it has forgotten too soon";
  for (int i = 0; i < 400; ++i) history.note(f, microseconds(10), 0);
  EXPECT_LE(history.time(f), microseconds(11));
}

TEST(FunctionHistoryTest, OneLongJobAmongShortOnesIsNoRule) {
  FunctionHistory history;
  const FunctionName f{"f", ""};
  for (int i = 0; i < 10; ++i) {
    history.note(f, microseconds(10), 0);
    history.note(f, seconds(2), 0);
  }
  EXPECT_EQ(history.time(f), microseconds(10));
  history.note(f, seconds(2), 0);
  EXPECT_GE(history.time(f), seconds(1)) << "two in a row are";
}

TEST(FunctionHistoryTest, KeepsFunctionsApartThatTakeTurns) {
  FunctionHistory history;
  for (int i = 0; i < 10; ++i) {
    history.note({"short", ""}, microseconds(1), 0);
    history.note({"long", ""}, seconds(1), 0);
  }
  EXPECT_EQ(history.time({"short", ""}), microseconds(1));
  EXPECT_EQ(history.time({"long", ""}), seconds(1));
}

TEST(FunctionHistoryTest, OneLargeResultAmongAHundredIsNoRule) {
  FunctionHistory history;
  const FunctionName f{"f", ""};
  EXPECT_EQ(history.resultWords(f), 0U);
  history.note(f, microseconds(1), 20);
  EXPECT_EQ(history.resultWords(f), 20U);
  history.note(f, microseconds(1), 1'000'000);
  EXPECT_LT(history.resultWords(f), ResultMemory::kBatchWords / 10);
  for (int i = 0; i < 300; ++i) history.note(f, microseconds(1), 20);
  EXPECT_LE(history.resultWords(f), 21U);
}

TEST(FunctionHistoryTest, ResultsThatHaveBecomeLargeAreLearned) {
  FunctionHistory history;
  const FunctionName f{"f", ""};
  history.note(f, microseconds(1), 0);
  for (int i = 0; i < 20; ++i) history.note(f, microseconds(1), 1'000'000);
  EXPECT_GT(history.resultWords(f), ResultMemory::kBatchWords / 2) << "such jobs travel alone";
}

}  // namespace
}  // namespace phial::detail
