#include "master/pool/restart_policy.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace phial::detail {
namespace {

using How = RestartPolicy::Failure;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kNow{hours(5)};
constexpr unsigned kGiveUpAfter = RestartOptions{}.failedStarts;

/// A pool of one worker, whose replacements fail as told, each as soon as it may start.
class Rounds {
 public:
  explicit Rounds(std::uint64_t seed = 1) : policy(RestartOptions{}, seed) {}

  /// The pause after the last of `count` failures.
  Duration fail(How how, unsigned count = 1) {
    for (unsigned i = 0; i < count; ++i) {
      now = std::max(now, policy.nextStart());
      policy.started(++worker);
      policy.failed(how, worker, now);
    }
    return std::max(Duration::zero(), policy.nextStart() - now);
  }
  void answer(unsigned count) {
    policy.started(++worker);
    policy.ready(worker);
    for (unsigned i = 0; i < count; ++i) policy.answered(worker);
  }

  RestartPolicy policy;
  TimePoint now = kNow;
  std::uint64_t worker = 0;
};

void expectPause(How how, unsigned failures, Duration longest) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Duration pause = Rounds(seed).fail(how, failures);
    EXPECT_GE(pause, longest / 2) << failures << " failures, seed " << seed;
    EXPECT_LE(pause, longest) << failures << " failures, seed " << seed;
  }
}

TEST(RestartPolicyTest, TheFirstStartAndTheFirstReplacementAreFree) {
  for (const How how : {How::notReady, How::killedAtStart, How::beforeAnyJob, How::atWork}) {
    Rounds rounds;
    EXPECT_LE(rounds.policy.nextStart(), kNow);
    EXPECT_EQ(rounds.fail(how), Duration::zero());
  }
}

TEST(RestartPolicyTest, EachFailureInARowDoublesThePause) {
  for (const How how : {How::notReady, How::killedAtStart, How::beforeAnyJob, How::atWork}) {
    expectPause(how, 2, milliseconds(10));
    expectPause(how, 3, milliseconds(20));
    expectPause(how, 4, milliseconds(40));
  }
}

TEST(RestartPolicyTest, AfterGivingUpThePauseIsASecondAndGrowsToHalfAMinute) {
  expectPause(How::notReady, kGiveUpAfter, seconds(1));
  expectPause(How::notReady, 8, seconds(1));
  expectPause(How::notReady, 9, milliseconds(1280));
  expectPause(How::notReady, 10, milliseconds(2560));
  expectPause(How::notReady, 20, seconds(30));
  expectPause(How::notReady, 1000, seconds(30));
}

TEST(RestartPolicyTest, ThePausesOfCrashingJobsStayShort) {
  expectPause(How::atWork, 5, milliseconds(80));
  expectPause(How::atWork, 6, milliseconds(100));
  expectPause(How::atWork, 1000, milliseconds(100));
}

TEST(RestartPolicyTest, ThePausesOfCrashesBeforeAnyJobGrowButNeverGiveUp) {
  expectPause(How::beforeAnyJob, 10, milliseconds(2560));
  expectPause(How::beforeAnyJob, 1000, seconds(30));
  Rounds rounds;
  rounds.fail(How::beforeAnyJob, 1000);
  EXPECT_FALSE(rounds.policy.givenUp());
}

TEST(RestartPolicyTest, WorkersThatDieSideBySideAreOneRound) {
  RestartPolicy policy(RestartOptions{}, 1);
  for (std::uint64_t worker = 1; worker <= 16; ++worker) policy.started(worker);
  for (std::uint64_t worker = 1; worker <= 16; ++worker) policy.failed(How::atWork, worker, kNow);
  EXPECT_LE(policy.nextStart(), kNow);
  policy.started(17);
  policy.failed(How::atWork, 17, kNow);
  EXPECT_GE(policy.nextStart(), kNow + milliseconds(5));
  EXPECT_LE(policy.nextStart(), kNow + milliseconds(10));
}

TEST(RestartPolicyTest, PoolsThatFailTogetherDoNotReturnTogether) {
  EXPECT_NE(Rounds(1).fail(How::notReady, 5), Rounds(2).fail(How::notReady, 5));
}

TEST(RestartPolicyTest, GivesUpAfterItsNumberOfFailedStartsInARow) {
  Rounds rounds;
  rounds.fail(How::notReady, kGiveUpAfter - 1);
  EXPECT_FALSE(rounds.policy.givenUp());
  rounds.fail(How::notReady);
  EXPECT_TRUE(rounds.policy.givenUp());
}

TEST(RestartPolicyTest, AWorkerKilledAtItsStartWeighsAQuarter) {
  Rounds rounds;
  rounds.fail(How::killedAtStart, 4 * kGiveUpAfter - 1);
  EXPECT_FALSE(rounds.policy.givenUp());
  rounds.fail(How::killedAtStart);
  EXPECT_TRUE(rounds.policy.givenUp());
}

TEST(RestartPolicyTest, AWorkerThatGetsReadyEndsTheRowOfFailedStarts) {
  Rounds rounds;
  rounds.fail(How::notReady, kGiveUpAfter - 1);
  rounds.answer(0);
  rounds.fail(How::notReady);
  EXPECT_FALSE(rounds.policy.givenUp());
}

TEST(RestartPolicyTest, AWorkerThatWasThereBeforeSaysNothingOfThoseThatFailBesideIt) {
  Rounds rounds;
  rounds.answer(1);
  const std::uint64_t healthy = rounds.worker;
  rounds.fail(How::notReady, kGiveUpAfter);
  rounds.policy.answered(healthy);
  rounds.policy.ready(healthy);
  EXPECT_TRUE(rounds.policy.givenUp());
  EXPECT_GT(rounds.fail(How::notReady), seconds(0));
}

TEST(RestartPolicyTest, AnAnsweredJobEndsTheRowOfThoseThatNeverServed) {
  Rounds rounds;
  rounds.fail(How::beforeAnyJob, 5);
  rounds.answer(1);
  rounds.now += hours(1);
  EXPECT_EQ(rounds.fail(How::beforeAnyJob), Duration::zero());
}

TEST(RestartPolicyTest, OneAnswerACrashDoesNotEndARowOfCrashesButFourDo) {
  Rounds rounds;
  for (int i = 0; i < 10; ++i) {
    rounds.answer(3);
    rounds.fail(How::atWork);
  }
  EXPECT_GE(rounds.policy.nextStart() - rounds.now, milliseconds(50));
  rounds.answer(4);
  rounds.now += milliseconds(100);
  EXPECT_EQ(rounds.fail(How::atWork), Duration::zero());
}

TEST(RestartPolicyTest, AHealthySpellEndsTheRow) {
  for (const How how : {How::beforeAnyJob, How::atWork}) {
    Rounds rounds;
    const Duration pause = rounds.fail(how, 3);
    rounds.now += pause + RestartOptions{}.healthySpell - milliseconds(1);
    EXPECT_GT(rounds.fail(how), Duration::zero()) << "too short a spell";
    rounds.now = rounds.policy.nextStart() + RestartOptions{}.healthySpell;
    EXPECT_EQ(rounds.fail(how), Duration::zero());
  }
}

TEST(RestartPolicyTest, APauseIsNoHealthySpell) {
  Rounds rounds;
  rounds.fail(How::beforeAnyJob, 100);
  EXPECT_GE(rounds.fail(How::beforeAnyJob), seconds(15)) << "after a pause of 15 s at least";
}

TEST(RestartPolicyTest, AnAnsweredJobDoesNotCutThePauseShort) {
  Rounds rounds;
  rounds.fail(How::notExecuted);
  rounds.answer(1);
  EXPECT_GE(rounds.policy.nextStart(), kNow + milliseconds(500));
}

TEST(RestartPolicyTest, AProgramThatCannotBeExecutedIsGivenUpAtOnce) {
  Rounds rounds;
  const Duration pause = rounds.fail(How::notExecuted);
  EXPECT_TRUE(rounds.policy.givenUp());
  EXPECT_GE(pause, milliseconds(500));
  EXPECT_LE(pause, seconds(1));
  EXPECT_GE(rounds.fail(How::notExecuted, 20), seconds(15));
}

TEST(RestartPolicyTest, OptionsThatMakeNoSenseAreRefused) {
  EXPECT_THROW(RestartPolicy({.firstPause = seconds(0)}, 1), std::invalid_argument);
  EXPECT_THROW(RestartPolicy({.longestPause = milliseconds(1)}, 1), std::invalid_argument);
  EXPECT_THROW(RestartPolicy({.failedStarts = 0}, 1), std::invalid_argument);
}

TEST(RestartPolicyTest, AShortageIsTriedAgainWithPausesOfATenthOfASecondAtMost) {
  RestartPolicy policy(RestartOptions{}, 1);
  TimePoint now = kNow;
  for (const int pause : {10, 20, 40, 80, 100, 100}) {
    policy.shortage(now);
    EXPECT_EQ(policy.nextStart() - now, Duration(milliseconds(pause)));
    now = policy.nextStart();
  }
  EXPECT_FALSE(policy.givenUp()) << "no program has failed to start";
}

TEST(RestartPolicyTest, AShortageLastsAfterAsManyTriesInARowUntilAWorkerIsSpawned) {
  RestartPolicy policy(RestartOptions{}, 1);
  for (unsigned i = 0; i < kGiveUpAfter; ++i) {
    EXPECT_FALSE(policy.shortageLasts());
    policy.shortage(kNow);
  }
  EXPECT_TRUE(policy.shortageLasts());
  policy.spawned();
  EXPECT_FALSE(policy.shortageLasts());
}

}  // namespace
}  // namespace phial::detail
