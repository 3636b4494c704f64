#include "tests/unit/pool/conductor_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::SizeIs;

// Time.

TEST_F(ConductorTest, TimeInTheQueueIsNotCharged) {
  options_.max = 1;
  startWorkers();
  submit();
  const auto waiting = submit({.timeout = seconds(1)});
  advance(hours(1));
  EXPECT_FALSE(settled(waiting));
}

TEST_F(ConductorTest, AJobThatRunsForTooLongTimesOutAndItsWorkerIsReplaced) {
  startWorkers();
  const auto job = submit({.timeout = seconds(1)});
  worker(1).beginNext();
  advance(seconds(1));
  EXPECT_EQ(worker(1).toldToEnd(), DeathCause::timeout);
  EXPECT_FALSE(settled(job)) << "its worker lives still";
  worker(1).finishEnding();
  turn();
  EXPECT_TRUE(failure(job).check<JobTimedOut>());
  turn();
  EXPECT_THAT(workers_, SizeIs(2));
}

TEST_F(ConductorTest, TimeCountsFromTheMomentWhenTheFunctionIsEntered) {
  startWorkers();
  submit({.timeout = seconds(10)});
  advance(seconds(8));
  worker(1).beginNext();
  advance(seconds(8));
  EXPECT_FALSE(worker(1).toldToEnd());
  advance(seconds(2));
  EXPECT_EQ(worker(1).toldToEnd(), DeathCause::timeout);
}

TEST_F(ConductorTest, ASoftTimeoutAsksTheJobToGiveUp) {
  startWorkers();
  submit({.softTimeout = seconds(1)});
  worker(1).beginNext();
  advance(seconds(1));
  ASSERT_TRUE(worker(1).askedToGiveUp());
  EXPECT_EQ(worker(1).askedToGiveUp()->cause, DeathCause::softTimeout);
}

TEST_F(ConductorTest, ADeadlineThatPassesInTheQueueFailsTheJobUnrun) {
  options_.max = 1;
  startWorkers();
  submit();
  const auto job = submit({.deadline = clock_.now() + seconds(1)});
  advance(seconds(1));
  EXPECT_TRUE(failure(job).check<DeadlineExceeded>());
  EXPECT_FALSE(failure(job).mayHaveRun());
}

TEST_F(ConductorTest, ADeadlineThatPassesWhileTheJobRunsAsksItToGiveUp) {
  startWorkers();
  const auto job = submit({.deadline = clock_.now() + seconds(1)});
  worker(1).beginNext();
  advance(seconds(1));
  EXPECT_TRUE(failure(job).check<DeadlineExceeded>());
  EXPECT_TRUE(failure(job).mayHaveRun());
  ASSERT_TRUE(worker(1).askedToGiveUp());
  EXPECT_EQ(worker(1).askedToGiveUp()->cause, DeathCause::deadline);
}

TEST_F(ConductorTest, OfAJobThatHasEndedOnlyItsWorkersTimerIsLeftUntilItsTime) {
  startWorkers();
  const auto before = clock_.pending();
  submit({.timeout = seconds(1), .softTimeout = seconds(1), .deadline = clock_.now() + hours(1)});
  EXPECT_EQ(clock_.pending(), before + 2);
  worker(1).answerNext();
  EXPECT_EQ(clock_.pending(), before + 1);
  advance(seconds(1));
  EXPECT_EQ(clock_.pending(), before);
}

}  // namespace
}  // namespace phial::detail
