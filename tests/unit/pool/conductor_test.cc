#include <csignal>

#include "tests/unit/pool/conductor_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const FunctionName kUnknownFunction{"unknown", "void ()"};

// Dispatch.

TEST_F(ConductorTest, AJobStartsAWorkerAndIsSentWhenItIsReady) {
  const auto job = submit();
  ASSERT_THAT(workers_, SizeIs(1));
  EXPECT_THAT(worker(1).heldJobs(), IsEmpty());
  worker(1).getReady();
  EXPECT_THAT(worker(1).heldJobs(), SizeIs(1));
  worker(1).answerNext();
  turn();
  EXPECT_TRUE(succeeded(job));
}

TEST_F(ConductorTest, WorkersAreStartedForWaitingJobsUpToMax) {
  submitMany(5);
  turn();
  EXPECT_THAT(workers_, SizeIs(2));
}

TEST_F(ConductorTest, AFreeWorkerGetsTheJobInsideTheCall) {
  startWorkers();
  submit();
  EXPECT_EQ(worker(1).state(), WorkerState::busy);
}

TEST_F(ConductorTest, JobsOfAnUnknownLengthTravelAlone) {
  startWorkers();
  submitMany(4);
  turn();
  readyAll();
  EXPECT_THAT(worker(1).heldJobs(), SizeIs(1));
  EXPECT_THAT(worker(2).heldJobs(), SizeIs(1));
}

TEST_F(ConductorTest, ShortJobsTravelTogetherTwoBatchesAWorker) {
  options_.max = 1;
  startWorkers();
  learnThatJobsAreShort();
  submitMany(1000);
  turn();
  EXPECT_EQ(worker(1).batches(), 2U);
  EXPECT_GT(worker(1).heldJobs().size(), 10U);
}

TEST_F(ConductorTest, PrioritiesComeFirst) {
  options_.max = 1;
  startWorkers();
  submit();
  const auto low = submit({.priority = -1});
  const auto high = submit({.priority = 1});
  worker(1).answerNext();
  worker(1).answerNext();
  turn();
  EXPECT_TRUE(succeeded(high));
  EXPECT_FALSE(settled(low));
}

TEST_F(ConductorTest, AFunctionThatTheWorkerDoesNotKnowFailsItsJobAlone) {
  startWorkers();
  const auto unknown = submit({}, kUnknownFunction);
  const auto known = submit();
  turn();
  EXPECT_TRUE(failure(unknown).check<UnknownFunction>());
  worker(1).answerAll();
  turn();
  EXPECT_TRUE(succeeded(known));
}

TEST_F(ConductorTest, BeyondMaxQueueJobsAreRefused) {
  options_.maxQueue = 1;
  options_.max = 1;
  startWorkers();
  submitMany(2);
  const auto refused = submit();
  EXPECT_FALSE(settled(refused)) << "never inside the call";
  turn();
  EXPECT_TRUE(failure(refused).check<QueueFull>());
  EXPECT_FALSE(failure(refused).mayHaveRun());
}

// Taking back.

TEST_F(ConductorTest, WhatWaitsBehindAJobThatTakesTooLongGoesElsewhere) {
  options_.max = 1;
  startWorkers();
  learnThatJobsAreShort();
  submitMany(20);
  turn();
  worker(1).beginNext();
  const auto held = worker(1).heldJobs().size();
  ASSERT_GT(held, 1U);
  worker(1).running = seconds(1);
  // Looks are on the loop's own time.
  for (int i = 0; i < 100'000 && worker(1).heldJobs().size() > 1; ++i) turn();
  EXPECT_EQ(pool().stats().running, 1U);
  EXPECT_EQ(pool().stats().queued, 19U);
}

TEST_F(ConductorTest, ACancelledJobThatHasNotBegunIsTakenBackAndHarmsNobody) {
  options_.max = 1;
  startWorkers();
  const auto job = submit();
  deferreds_[job].cancel();
  EXPECT_TRUE(failure(job).check<CancelledError>());
  EXPECT_THAT(worker(1).heldJobs(), IsEmpty());
  EXPECT_FALSE(worker(1).askedToGiveUp());
  EXPECT_EQ(pool().stats().cancelled, 1U);
}

TEST_F(ConductorTest, ACancelledJobThatRunsIsAskedToGiveUp) {
  startWorkers();
  const auto job = submit();
  worker(1).beginNext();
  deferreds_[job].cancel();
  ASSERT_TRUE(worker(1).askedToGiveUp());
  EXPECT_EQ(worker(1).askedToGiveUp()->cause, DeathCause::cancel);
  EXPECT_TRUE(failure(job).mayHaveRun());
  worker(1).answerNext();
  EXPECT_EQ(worker(1).state(), WorkerState::idle);
}

TEST_F(ConductorTest, JobsThatWaitBehindACancelledOneRunElsewhereWhenItDoesNotGiveUp) {
  options_.max = 1;
  startWorkers();
  learnThatJobsAreShort();
  submitMany(3);
  turn();
  worker(1).beginNext();
  deferreds_[1].cancel();
  worker(1).refuseToGiveUp();
  turn();
  EXPECT_EQ(pool().stats().queued, 2U);
  worker(1).finishEnding();
  readyAll();
  worker(2).answerAll();
  turn();
  worker(2).answerAll();
  turn();
  EXPECT_TRUE(succeeded(2));
  EXPECT_TRUE(succeeded(3));
}

// Deaths.

TEST_F(ConductorTest, ACrashFailsTheJobThatRanAndNoOther) {
  options_.max = 1;
  startWorkers();
  learnThatJobsAreShort();
  submitMany(3);
  turn();
  worker(1).beginNext();
  worker(1).crash();
  turn();
  EXPECT_TRUE(failure(1).check<WorkerDied>());
  EXPECT_EQ(failure(1).certificate()->status, ExitStatus(Signalled{SIGSEGV}));
  readyAll();
  worker(2).answerAll();
  turn();
  worker(2).answerAll();
  turn();
  EXPECT_TRUE(succeeded(2));
  EXPECT_TRUE(succeeded(3));
}

TEST_F(ConductorTest, AJobThatMayRunAgainWaitsAMomentFirst) {
  startWorkers();
  const auto job = submit({.rerun = Rerun::always, .maxAttempts = 2});
  worker(1).beginNext();
  worker(1).crash();
  readyAll();
  EXPECT_THAT(worker(2).heldJobs(), IsEmpty());
  EXPECT_EQ(pool().stats().queued, 1U);
  advance(seconds(1));
  EXPECT_THAT(worker(2).heldJobs(), SizeIs(1));
  worker(2).beginNext();
  worker(2).crash();
  turn();
  EXPECT_TRUE(failure(job).check<PoisonJob>());
}

TEST_F(ConductorTest, AJobOnItsWayToWorkersThatDieIsGivenUpInTheEnd) {
  startWorkers();
  const auto job = submit();
  for (std::size_t i = 1; !settled(job); ++i) {
    ASSERT_LE(i, 50U);
    if (i > workers_.size()) advance(seconds(30));
    readyAll();
    if (worker(i).state() == WorkerState::busy) worker(i).crash();
  }
  EXPECT_TRUE(failure(job).check<WorkerDied>());
}

TEST_F(ConductorTest, AWorkerThatDiesIdleIsReplacedUpToMin) {
  startWorkers();
  worker(1).crash();
  turn();
  EXPECT_THAT(workers_, SizeIs(2));
}

}  // namespace
}  // namespace phial::detail
