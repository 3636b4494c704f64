#include "worker/busy_wait.h"

#include <gtest/gtest.h>

namespace phial::detail {
namespace {

constexpr std::int64_t kMost = 160'000;

TEST(BusyWaitTest, WithoutTimeItDoesNotEvenLook) {
  BusyWait wait;
  EXPECT_FALSE(wait.wait([] { return true; }));
}

TEST(BusyWaitTest, LooksUntilSomethingCame) {
  BusyWait wait(std::int64_t{60} * 1'000'000'000);
  int looks = 0;
  EXPECT_TRUE(wait.wait([&] { return ++looks == 5; }));
  EXPECT_EQ(looks, 5);
}

TEST(BusyWaitTest, GivesUpWhenTimeIsUp) {
  BusyWait wait(kMost);
  int looks = 0;
  EXPECT_FALSE(wait.wait([&] { return ++looks < 0; }));
  EXPECT_GE(looks, 1);
}

TEST(BusyWaitTest, TriesLessWhenNothingComesAndMoreWhenSomethingDoes) {
  BusyWait wait(kMost);
  for (int i = 0; i < 20; ++i) wait.wait([] { return false; });
  EXPECT_EQ(wait.nanos(), kMost / 16);
  wait.wait([] { return true; });
  EXPECT_EQ(wait.nanos(), kMost / 8);
  for (int i = 0; i < 20; ++i) wait.wait([] { return true; });
  EXPECT_EQ(wait.nanos(), kMost);
}

}  // namespace
}  // namespace phial::detail
