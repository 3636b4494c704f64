#include "master/pool/job_timers.h"

#include "tests/unit/pool/parts_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class JobTimersTest : public PartsTest {
 protected:
  JobEntry& run(JobOptions options) {
    JobEntry& entry = enterAndSend(worker_, std::move(options));
    timers_.watchRun(entry, watch_);
    worker_.beginNext();
    return entry;
  }
  JobEntry& send(JobOptions options) {
    JobEntry& entry = enterAndSend(worker_, std::move(options));
    timers_.watchRun(entry, watch_);
    return entry;
  }

  FakeWorker worker_{workerOwner_, world_, 1};
  JobTimers timers_{context_, books_};
  RunWatch watch_;
};

TEST_F(JobTimersTest, AJobWithoutLimitsHasNoTimer) {
  timers_.watchDeadline(enter());
  run({});
  EXPECT_EQ(clock_.pending(), 0U);
}

TEST_F(JobTimersTest, AJobsOwnTimeoutComesBeforeThePools) {
  options_.timeout = seconds(1);
  run({.timeout = seconds(5)});
  clock_.advance(seconds(4));
  EXPECT_FALSE(worker_.toldToEnd());
  clock_.advance(seconds(1));
  EXPECT_EQ(worker_.toldToEnd(), DeathCause::timeout);
}

TEST_F(JobTimersTest, ThePoolsTimeoutIsForJobsWithoutOne) {
  options_.timeout = seconds(1);
  run({});
  clock_.advance(seconds(1));
  EXPECT_EQ(worker_.toldToEnd(), DeathCause::timeout);
}

TEST_F(JobTimersTest, ATimeoutBooksNothingByItself) {
  run({.timeout = seconds(1)});
  clock_.advance(seconds(1));
  EXPECT_EQ(books_.running(), 1U) << "the worker's death will be judged";
  EXPECT_TRUE(settlements_.empty());
}

TEST_F(JobTimersTest, AWorkerThatCannotBeEndedNowIsAskedAgain) {
  run({.timeout = seconds(1)});
  worker_.retire(DeathCause::recycle);
  clock_.advance(seconds(1));
  EXPECT_NE(worker_.toldToEnd(), DeathCause::timeout);
  EXPECT_EQ(clock_.pending(), 1U);
}

// One timer a worker.

TEST_F(JobTimersTest, TheJobsOfAWorkerShareOneTimer) {
  for (int i = 0; i < 200; ++i) send({.timeout = seconds(10 + i), .softTimeout = seconds(300 - i)});
  EXPECT_EQ(clock_.pending(), 1U);
}

TEST_F(JobTimersTest, TheTimerOfAJobThatHasEndedServesTheNextOne) {
  books_.succeed(run({.timeout = seconds(10)}));
  worker_.answerNext();
  EXPECT_EQ(clock_.pending(), 1U);
  clock_.advance(seconds(3));
  JobEntry& next = run({.timeout = seconds(10)});
  EXPECT_EQ(clock_.pending(), 1U);
  clock_.advance(seconds(7));  // the first job's time: nothing is due
  EXPECT_EQ(clock_.pending(), 1U);
  EXPECT_FALSE(worker_.toldToEnd());
  clock_.advance(seconds(3));
  EXPECT_EQ(worker_.toldToEnd(), DeathCause::timeout);
  EXPECT_EQ(next.worker(), &worker_);
}

TEST_F(JobTimersTest, ATimerThatFindsNoJobIsNotSetAgain) {
  books_.succeed(run({.timeout = seconds(10)}));
  clock_.advance(seconds(10));
  EXPECT_EQ(clock_.pending(), 0U);
}

TEST_F(JobTimersTest, AShorterTimeoutIsLookedAtBeforeALongerOneThatWasThereFirst) {
  JobEntry& first = run({.timeout = hours(1)});
  send({.timeout = seconds(1)});
  books_.succeed(first);
  worker_.answerNext();
  worker_.beginNext();
  clock_.advance(seconds(1));
  EXPECT_EQ(worker_.toldToEnd(), DeathCause::timeout);
}

TEST_F(JobTimersTest, AJobBehindAnotherIsNotChargedForTheWait) {
  JobEntry& first = run({.timeout = hours(1)});
  send({.timeout = seconds(2)});
  clock_.advance(seconds(100));
  EXPECT_FALSE(worker_.toldToEnd());
  books_.succeed(first);
  worker_.answerNext();
  worker_.beginNext();
  clock_.advance(seconds(1));
  EXPECT_FALSE(worker_.toldToEnd());
  clock_.advance(seconds(2));
  EXPECT_EQ(worker_.toldToEnd(), DeathCause::timeout);
}

TEST_F(JobTimersTest, BothLimitsOfAJobAreWatched) {
  run({.timeout = seconds(5), .softTimeout = seconds(2)});
  clock_.advance(seconds(2));
  ASSERT_TRUE(worker_.askedToGiveUp());
  EXPECT_EQ(worker_.askedToGiveUp()->cause, DeathCause::softTimeout);
  EXPECT_FALSE(worker_.toldToEnd());
  clock_.advance(seconds(3));
  EXPECT_EQ(worker_.toldToEnd(), DeathCause::timeout);
}

TEST_F(JobTimersTest, AJobThatIsQueuedAgainIsNotLookedAtInItsOldWorker) {
  JobEntry& entry = send({.timeout = seconds(1)});
  worker_.takeBack(entry.id());
  books_.requeue(entry);
  clock_.advance(hours(1));
  EXPECT_FALSE(worker_.toldToEnd());
  EXPECT_EQ(clock_.pending(), 0U);
}

TEST_F(JobTimersTest, NoTimerOutlivesTheWatch) {
  JobEntry& entry = enterAndSend(worker_, {.timeout = seconds(1)});
  {
    RunWatch gone;
    timers_.watchRun(entry, gone);
    EXPECT_EQ(clock_.pending(), 1U);
  }
  EXPECT_EQ(clock_.pending(), 0U);
  EXPECT_FALSE(entry.state->timeout.active());
}

TEST_F(JobTimersTest, ADeadlineThatPassesInTheQueueFailsTheJobUnrun) {
  timers_.watchDeadline(enter({.deadline = clock_.now() + seconds(1)}));
  clock_.advance(seconds(1));
  EXPECT_EQ(finished_, 1);
  deliverAll();
  EXPECT_TRUE(failure(1).check<DeadlineExceeded>());
  EXPECT_FALSE(failure(1).mayHaveRun());
}

TEST_F(JobTimersTest, ADeadlineTakesAJobBackThatHasNotBegun) {
  JobEntry& entry = enterAndSend(worker_, {.deadline = clock_.now() + seconds(1)});
  timers_.watchDeadline(entry);
  clock_.advance(seconds(1));
  EXPECT_TRUE(worker_.heldJobs().empty());
  deliverAll();
  EXPECT_FALSE(failure(1).mayHaveRun());
}

// Jobs for which nobody waits.

TEST_F(JobTimersTest, AnAbandonedJobThatRunsIsAskedToGiveUp) {
  JobEntry& entry = run({});
  EXPECT_TRUE(timers_.abandon(entry, DeathCause::cancel));
  ASSERT_TRUE(worker_.askedToGiveUp());
  EXPECT_EQ(worker_.askedToGiveUp()->cause, DeathCause::cancel);
}

TEST_F(JobTimersTest, AnAbandonedJobThatIsToFinishIsLeftAlone) {
  JobEntry& entry = run({.onCancel = OnCancel::finish});
  EXPECT_TRUE(timers_.abandon(entry, DeathCause::cancel));
  EXPECT_FALSE(worker_.askedToGiveUp());
}

TEST_F(JobTimersTest, AnAbandonedJobInTheQueueConcernsNoWorker) {
  EXPECT_FALSE(timers_.abandon(enter(), DeathCause::cancel));
}

}  // namespace
}  // namespace phial::detail
