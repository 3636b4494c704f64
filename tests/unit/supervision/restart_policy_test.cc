#include <gtest/gtest.h>

#include "master/supervision/restart_policy.h"

namespace phial::detail {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kNow{hours(5)};

/// The pause after the last of `failures` failures in a row.
Duration pauseAfter(unsigned failures, std::uint64_t seed) {
  RestartPolicy policy(seed);
  for (unsigned i = 0; i < failures; ++i) policy.failed(kNow);
  return policy.nextStart() - kNow;
}

void expectPause(unsigned failures, Duration longest) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Duration pause = pauseAfter(failures, seed);
    EXPECT_GE(pause, longest / 2) << failures << " failures, seed " << seed;
    EXPECT_LE(pause, longest) << failures << " failures, seed " << seed;
  }
}

TEST(RestartPolicyTest, TheFirstStartAndTheFirstReplacementAreFree) {
  RestartPolicy policy(1);
  EXPECT_LE(policy.nextStart(), kNow);
  policy.failed(kNow);
  EXPECT_LE(policy.nextStart(), kNow);
}

TEST(RestartPolicyTest, EachFailureInARowDoublesThePause) {
  expectPause(2, milliseconds(10));
  expectPause(3, milliseconds(20));
  expectPause(4, milliseconds(40));
}

TEST(RestartPolicyTest, AfterGivingUpThePauseIsASecondAndGrowsToHalfAMinute) {
  expectPause(RestartPolicy::kGiveUpAfter, seconds(1));
  expectPause(8, seconds(1));
  expectPause(9, milliseconds(1280));
  expectPause(10, milliseconds(2560));
  expectPause(20, seconds(30));
  expectPause(1000, seconds(30));
}

TEST(RestartPolicyTest, PoolsThatFailTogetherDoNotReturnTogether) {
  EXPECT_NE(pauseAfter(5, 1), pauseAfter(5, 2));
}

TEST(RestartPolicyTest, GivesUpAfterItsNumberOfFailuresInARow) {
  RestartPolicy policy(1);
  for (unsigned i = 1; i < RestartPolicy::kGiveUpAfter; ++i) policy.failed(kNow);
  EXPECT_FALSE(policy.givenUp());
  policy.failed(kNow);
  EXPECT_TRUE(policy.givenUp());
}

TEST(RestartPolicyTest, AnAnsweredJobEndsTheRow) {
  RestartPolicy policy(1);
  for (unsigned i = 0; i < RestartPolicy::kGiveUpAfter; ++i) policy.failed(kNow);
  policy.served();
  EXPECT_FALSE(policy.givenUp());
  const TimePoint later = kNow + hours(1);
  policy.failed(later);
  EXPECT_LE(policy.nextStart(), later);
  policy.failed(later);
  EXPECT_LE(policy.nextStart(), later + milliseconds(10));
}

TEST(RestartPolicyTest, AnAnsweredJobDoesNotCutThePauseShort) {
  RestartPolicy policy(1);
  policy.failedForGood(kNow);
  policy.served();
  EXPECT_GE(policy.nextStart(), kNow + milliseconds(500));
}

TEST(RestartPolicyTest, AFailureForGoodGivesUpAtOnce) {
  RestartPolicy policy(1);
  policy.failedForGood(kNow);
  EXPECT_TRUE(policy.givenUp());
  EXPECT_GE(policy.nextStart(), kNow + milliseconds(500));
  EXPECT_LE(policy.nextStart(), kNow + seconds(1));
}

TEST(RestartPolicyTest, FailuresForGoodGrowThePauseAsOthersDo) {
  RestartPolicy policy(1);
  for (unsigned i = 0; i < 20; ++i) policy.failedForGood(kNow);
  EXPECT_GE(policy.nextStart(), kNow + seconds(15));
  EXPECT_LE(policy.nextStart(), kNow + seconds(30));
}

}  // namespace
}  // namespace phial::detail
