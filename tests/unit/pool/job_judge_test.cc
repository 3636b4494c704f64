#include "master/pool/job_judge.h"

#include "tests/unit/pool/parts_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::seconds;

class JobJudgeTest : public PartsTest {
 protected:
  /// The certificate of the worker, which blames the first job that it holds.
  DeathCertificate deathOf(const FakeWorker& worker, DeathCause cause = DeathCause::crash) {
    DeathCertificate death;
    death.worker = worker.number();
    death.cause = cause;
    death.job = worker.heldJobs().front();
    if (worker.jobBegun(death.job)) death.begun = DeathCertificate::Begun::yes;
    return death;
  }

  FakeWorker worker_{workerOwner_, world_, 1};
  JobJudge judge_{context_, books_};
};

TEST_F(JobJudgeTest, TheJobThatRanFailsAndTheOthersAreQueuedAgainInTheirOrder) {
  for (int i = 0; i < 3; ++i) enterAndSend(worker_);
  enter();
  worker_.beginNext();
  judge_.judge(worker_, deathOf(worker_));
  deliverAll();
  EXPECT_TRUE(failure(1).check<WorkerDied>());
  EXPECT_EQ(books_.running(), 0U);
  EXPECT_EQ(books_.waiting(), 3U);
  EXPECT_EQ(books_.front().id(), 2U) << "they come before what was queued meanwhile";
  EXPECT_EQ(judge_.reruns(), 2U);
}

TEST_F(JobJudgeTest, AJobOnItsWayCarriesAStrikeAndOneThatWaitedDoesNot) {
  JobEntry& next = enterAndSend(worker_);
  JobEntry& waiting = enterAndSend(worker_);
  judge_.judge(worker_, deathOf(worker_));
  EXPECT_EQ(next.state->strikes.notBegun, 1U);
  EXPECT_FALSE(waiting.state->strikes.any());
}

TEST_F(JobJudgeTest, AJobThatMayRunAgainPausesFirst) {
  JobEntry& entry = enterAndSend(worker_, {.rerun = Rerun::always, .maxAttempts = 2});
  worker_.beginNext();
  judge_.judge(worker_, deathOf(worker_));
  EXPECT_EQ(books_.queued(), 1U);
  EXPECT_EQ(books_.waiting(), 0U);
  clock_.advance(seconds(1));
  EXPECT_EQ(books_.waiting(), 1U);
  EXPECT_EQ(&books_.front(), &entry);
  EXPECT_EQ(finished_, 1) << "it may be sent now";
}

TEST_F(JobJudgeTest, APauseEndsWithItsJob) {
  JobEntry& entry = enterAndSend(worker_, {.rerun = Rerun::always, .maxAttempts = 2});
  worker_.beginNext();
  judge_.judge(worker_, deathOf(worker_));
  cancel(entry);
  EXPECT_EQ(clock_.pending(), 0U);
}

TEST_F(JobJudgeTest, NothingRunsAgainWhenTheQueueIsClosed) {
  enterAndSend(worker_, {.rerun = Rerun::always});
  enterAndSend(worker_);
  worker_.beginNext();
  books_.close(Failure(PoolStopped("stopped")));
  judge_.judge(worker_, deathOf(worker_));
  deliverAll();
  EXPECT_TRUE(failure(1).check<WorkerDied>());
  EXPECT_TRUE(failure(2).check<PoolStopped>());
  EXPECT_FALSE(failure(2).mayHaveRun());
  EXPECT_EQ(judge_.reruns(), 0U);
}

TEST_F(JobJudgeTest, AWorkerThatThePoolEndsAtItsStopFailsItsJobsSo) {
  enterAndSend(worker_);
  enterAndSend(worker_);
  worker_.beginNext();
  judge_.judge(worker_, deathOf(worker_, DeathCause::shutdown));
  deliverAll();
  EXPECT_TRUE(failure(1).check<PoolStopped>());
  EXPECT_TRUE(failure(2).check<PoolStopped>());
}

TEST_F(JobJudgeTest, AJobThatEndedBeforeItsWorkerIsNotJudged) {
  JobEntry& entry = enterAndSend(worker_);
  worker_.beginNext();
  cancel(entry);
  judge_.judge(worker_, deathOf(worker_));
  EXPECT_TRUE(settlements_.empty());
}

}  // namespace
}  // namespace phial::detail
