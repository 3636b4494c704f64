#include "master/pool/job_books.h"

#include "tests/unit/pool/parts_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::seconds;

class JobBooksTest : public PartsTest {
 protected:
  FakeWorker worker_{workerOwner_, world_, 1};
  FakeWorker other_{workerOwner_, world_, 2};
};

TEST_F(JobBooksTest, AJobIsQueuedThenWithAWorkerThenGone) {
  JobEntry& entry = enter();
  EXPECT_EQ(books_.queued(), 1U);
  EXPECT_EQ(books_.waiting(), 1U);
  send(entry, worker_);
  EXPECT_EQ(books_.queued(), 0U);
  EXPECT_EQ(books_.running(), 1U);
  EXPECT_EQ(entry.worker(), &worker_);
  books_.succeed(entry);
  EXPECT_EQ(books_.find(1), nullptr);
  EXPECT_EQ(books_.ledger()[Ledger::Column::succeeded], 1U);
}

TEST_F(JobBooksTest, ACallerIsToldWhenTheSettlementIsDelivered) {
  books_.succeed(enterAndSend(worker_));
  EXPECT_FALSE(settled(1));
  deliverAll();
  EXPECT_TRUE(succeeded(1));
}

TEST_F(JobBooksTest, ARefusedJobHasFailedAndNeverRan) {
  books_.refuse(job(), Failure(QueueFull("full")));
  EXPECT_EQ(books_.ledger()[Ledger::Column::failed], 1U);
  deliverAll();
  EXPECT_FALSE(failure(1).mayHaveRun());
}

TEST_F(JobBooksTest, ACancelledJobLeavesNoSettlement) {
  cancel(enter());
  EXPECT_TRUE(settlements_.empty());
  EXPECT_EQ(books_.ledger()[Ledger::Column::cancelled], 1U);
}

TEST_F(JobBooksTest, AJobThatComesBackIsTheNextToRun) {
  JobEntry& first = enterAndSend(worker_);
  enter();
  books_.requeue(first);
  EXPECT_EQ(&books_.front(), &first);
  EXPECT_EQ(first.worker(), nullptr);
  EXPECT_EQ(books_.queued(), 2U);
}

TEST_F(JobBooksTest, OnlyTheFirstDispatchCountsAsTheWaitInTheQueue) {
  JobEntry& entry = enterAndSend(worker_);
  books_.requeue(entry);
  send(entry, other_);
  EXPECT_EQ(books_.queueWait().count(), 1U);
  EXPECT_EQ(entry.state->attempts, 2U);
}

TEST_F(JobBooksTest, AFailureSaysWhetherTheFunctionRanInAnyWorker) {
  JobEntry& unrun = enterAndSend(worker_);
  JobEntry& begun = enterAndSend(other_);
  other_.beginNext();
  books_.requeue(begun);
  books_.fail(unrun, Failure(PoolStopped("stopped")));
  books_.fail(begun, Failure(PoolStopped("stopped")));
  deliverAll();
  EXPECT_FALSE(failure(1).mayHaveRun());
  EXPECT_TRUE(failure(2).mayHaveRun());
}

TEST_F(JobBooksTest, NoTimerOfAJobOutlivesIt) {
  JobEntry& entry = enterAndSend(worker_);
  const DelayedCall deadline = clock_.callLater(seconds(1), [] {});
  entry.state->deadline = deadline;
  RunLooks looks;
  looks.push_back(entry.state->timeout);
  looks.push_back(entry.state->softTimeout);
  books_.succeed(entry);
  EXPECT_FALSE(deadline.active());
  EXPECT_TRUE(looks.empty());
}

// Pauses.

TEST_F(JobBooksTest, APausingJobIsQueuedAndNoWorkerCanHaveIt) {
  JobEntry& entry = enterAndSend(worker_);
  books_.pause(entry);
  EXPECT_EQ(books_.queued(), 1U);
  EXPECT_EQ(books_.waiting(), 0U);
  EXPECT_TRUE(books_.anyToRun());
  books_.endPause(entry);
  EXPECT_EQ(books_.waiting(), 1U);
}

TEST_F(JobBooksTest, APausingJobCanBeCancelled) {
  JobEntry& entry = enterAndSend(worker_);
  books_.pause(entry);
  cancel(entry);
  EXPECT_EQ(books_.queued(), 0U);
  EXPECT_FALSE(books_.anyToRun());
}

// The end of the queue.

TEST_F(JobBooksTest, ACondemnedQueueGivesNoJobAndFailsAllOfThem) {
  enter();
  JobEntry& pausing = enterAndSend(worker_);
  books_.pause(pausing);
  books_.condemn(Failure(StartupFailed(DeathCertificate())));
  EXPECT_EQ(books_.waiting(), 0U);
  books_.failCondemned();
  deliverAll();
  EXPECT_TRUE(failure(1).check<StartupFailed>());
  EXPECT_TRUE(failure(2).check<StartupFailed>());
  EXPECT_FALSE(books_.condemned());
  enter();
  EXPECT_EQ(books_.waiting(), 1U) << "the next may run";
}

TEST_F(JobBooksTest, ALongCondemnedQueueFailsInPartsAndEachIsToldBeforeTheNext) {
  constexpr std::size_t kJobs = 2000;
  for (std::size_t i = 0; i < kJobs; ++i) enter();
  books_.condemn(Failure(PoolStopped("stopped")));
  books_.failCondemned();
  const auto left = books_.queued();
  EXPECT_GT(left, 0U);
  EXPECT_LT(left, kJobs);
  books_.failCondemned();
  EXPECT_EQ(books_.queued(), left) << "the callers come first";
  deliverAll();
  books_.failCondemned();
  EXPECT_LT(books_.queued(), left);
}

TEST_F(JobBooksTest, AJobThatComesBackToAClosedQueueFails) {
  JobEntry& entry = enterAndSend(worker_);
  books_.close(Failure(PoolStopped("stopped")));
  EXPECT_EQ(books_.mode(), QueueMode::closed);
  EXPECT_EQ(books_.running(), 1U) << "what is with a worker may end";
  books_.requeue(entry);
  deliverAll();
  EXPECT_TRUE(failure(1).check<PoolStopped>());
}

TEST_F(JobBooksTest, AllJobsFailWhereverTheyAre) {
  enterAndSend(worker_);
  worker_.beginNext();
  JobEntry& pausing = enterAndSend(other_);
  books_.pause(pausing);
  enter();
  books_.failAll(Failure(PoolStopped("destroyed")));
  deliverAll();
  EXPECT_TRUE(failure(1).mayHaveRun());
  EXPECT_FALSE(failure(2).mayHaveRun());
  EXPECT_FALSE(failure(3).mayHaveRun());
  EXPECT_EQ(books_.queued() + books_.running(), 0U);
}

}  // namespace
}  // namespace phial::detail
