// A lease from its first call to its end, in a pool whose workers are no processes.
#include "tests/unit/pool/leases_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(LeasesTest, ALeaseIsAWorkerOfItsOwn) {
  startWorkers();
  Asked& asked = ask();
  ASSERT_TRUE(asked.lease);
  EXPECT_FALSE(asked.lease->over());
  EXPECT_EQ(pool().stats().leased, 1U);
  submitMany(5);
  turn();
  EXPECT_THAT(workerOf(asked).heldJobs(), IsEmpty());
  const auto job = run(asked);
  EXPECT_THAT(workerOf(asked).heldJobs(), SizeIs(1)) << "inside the call";
  workerOf(asked).answerNext();
  turn();
  EXPECT_TRUE(succeeded(job));
  for (const auto& status : pool().workers()) {
    EXPECT_EQ(status.leased, status.number == asked.lease->worker());
  }
}

TEST_F(LeasesTest, ItsJobsRunInOrder) {
  startWorkers();
  Asked& asked = ask();
  std::vector<std::size_t> jobs;
  for (int i = 0; i < 3; ++i) jobs.push_back(run(asked));
  for (const auto job : jobs) {
    workerOf(asked).answerNext();
    turn();
    EXPECT_TRUE(succeeded(job));
    EXPECT_EQ(settled(jobs.back()), job == jobs.back());
  }
}

TEST_F(LeasesTest, DroppedByItsHolderItsWorkerIsRetiredAfterTheLastJob) {
  startWorkers();
  Asked& asked = ask();
  FakeWorker& leased = workerOf(asked);
  const auto first = run(asked);
  const auto second = run(asked);
  asked.lease.reset();
  turn();
  EXPECT_FALSE(leased.toldToEnd());
  leased.answerNext();
  leased.answerNext();
  turn();
  EXPECT_TRUE(succeeded(first) && succeeded(second));
  EXPECT_EQ(leased.toldToEnd(), DeathCause::recycle);
  EXPECT_EQ(pool().stats().leased, 0U);
  turn();
  EXPECT_THAT(workers_, SizeIs(3)) << "a replacement";
}

TEST_F(LeasesTest, WithReuseTheWorkerReturnsWhenItsSessionIsDestroyed) {
  startWorkers();
  Asked& asked = ask({.after = After::reuse});
  FakeWorker& leased = workerOf(asked);
  const Lease lease = *asked.lease;
  asked.lease.reset();
  lease.release();
  EXPECT_TRUE(lease.over());
  turn();
  EXPECT_NE(leased.toldToEndLease(), 0U);
  EXPECT_EQ(overOf(lease), "pending");
  submitMany(3);
  turn();
  EXPECT_THAT(leased.heldJobs(), IsEmpty()) << "not yet";
  leased.endLeaseNow();
  turn();
  EXPECT_THAT(leased.heldJobs(), SizeIs(1));
  EXPECT_FALSE(leased.toldToEnd());
  EXPECT_EQ(overOf(lease), "released");
}

TEST_F(LeasesTest, CallsAfterReleaseFail) {
  startWorkers();
  Asked& asked = ask();
  const auto before = run(asked);
  asked.lease->release();
  asked.lease->release();
  const auto after = run(asked);
  EXPECT_FALSE(settled(after)) << "never inside the call";
  turn();
  EXPECT_THAT(failure(after).message(), HasSubstr("released"));
  EXPECT_FALSE(failure(after).mayHaveRun());
  workerOf(asked).answerNext();
  turn();
  EXPECT_TRUE(succeeded(before));
  EXPECT_EQ(overOf(*asked.lease), "released");
}

TEST_F(LeasesTest, WhenItsWorkerDiesTheRunningJobTheQueuedOnesAndLaterCallsFailWithTheCertificate) {
  startWorkers();
  Asked& asked = ask();
  const auto running = run(*asked.lease, {.rerun = Rerun::always});
  const auto queued = run(asked);
  std::string over;
  asked.lease->whenOver().addErrback([&](const Failure& failure) { over = failure.type(); });
  workerOf(asked).beginNext();
  workerOf(asked).crash();
  turn();
  EXPECT_TRUE(failure(running).check<WorkerDied>());
  EXPECT_TRUE(failure(running).mayHaveRun());
  EXPECT_TRUE(failure(queued).check<WorkerDied>());
  EXPECT_FALSE(failure(queued).mayHaveRun());
  EXPECT_EQ(over, "phial::WorkerDied");
  EXPECT_TRUE(asked.lease->over());
  const auto later = run(asked);
  turn();
  ASSERT_TRUE(failure(later).check<WorkerDied>());
  EXPECT_EQ(failure(later).certificate()->worker, asked.lease->worker());
  EXPECT_FALSE(failure(later).mayHaveRun());
  EXPECT_THAT(workers_, SizeIs(3)) << "its worker is replaced";
  EXPECT_EQ(pool().stats().leased, 0U);
}

TEST_F(LeasesTest, AWorkerThatDiesIdleEndsItsLease) {
  startWorkers();
  Asked& asked = ask();
  workerOf(asked).crash(Signalled{SIGKILL});
  turn();
  EXPECT_TRUE(asked.lease->over());
  EXPECT_EQ(overOf(*asked.lease), "phial::WorkerDied");
}

TEST_F(LeasesTest, ThousandsOfJobsBehindADeathFailOverSeveralTurns) {
  startWorkers();
  Asked& asked = ask();
  std::vector<std::size_t> jobs;
  for (int i = 0; i < 2000; ++i) jobs.push_back(run(asked));
  workerOf(asked).crash();
  turn(40);
  for (const auto job : jobs) ASSERT_TRUE(settled(job) && failure(job).check<WorkerDied>());
}

TEST_F(LeasesTest, AJobOfALeaseThatTimesOutEndsTheLease) {
  startWorkers();
  Asked& asked = ask();
  const auto job = run(*asked.lease, {.timeout = seconds(1)});
  const auto behind = run(asked);
  workerOf(asked).beginNext();
  advance(seconds(2));
  workerOf(asked).finishEnding();
  turn();
  EXPECT_TRUE(failure(job).check<JobTimedOut>());
  EXPECT_TRUE(failure(behind).check<WorkerDied>());
  EXPECT_EQ(failure(behind).certificate()->cause, DeathCause::timeout);
  EXPECT_TRUE(asked.lease->over());
}

TEST_F(LeasesTest, AQueuedJobOfALeaseCanBeCancelledAndMeetItsDeadline) {
  startWorkers();
  Asked& asked = ask();
  const auto running = run(asked);
  const auto cancelled = run(asked);
  const auto late = run(*asked.lease, {.deadline = clock_.now() + seconds(1)});
  workerOf(asked).beginNext();
  deferreds_[cancelled].cancel();
  advance(seconds(2));
  EXPECT_TRUE(failure(cancelled).check<CancelledError>());
  EXPECT_TRUE(failure(late).check<DeadlineExceeded>());
  workerOf(asked).answerNext();
  turn();
  EXPECT_TRUE(succeeded(running));
  EXPECT_FALSE(asked.lease->over());
}

}  // namespace
}  // namespace phial::detail
