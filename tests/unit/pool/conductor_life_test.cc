#include "tests/unit/pool/conductor_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::seconds;
using ::testing::SizeIs;

// Starting.

TEST_F(ConductorTest, StartFiresWhenMinWorkersAreReady) {
  options_.min = 2;
  bool started = false;
  auto start = pool().start().addCallback([&] { started = true; });
  turn();
  ASSERT_THAT(workers_, SizeIs(2));
  worker(1).getReady();
  EXPECT_FALSE(started);
  worker(2).getReady();
  turn();
  EXPECT_TRUE(started);
}

TEST_F(ConductorTest, AProgramThatNeverGetsReadyFailsTheQueueAndIsTriedOnSlowly) {
  const auto job = submit();
  for (unsigned i = 1; i <= RestartOptions{}.failedStarts; ++i) {
    while (workers_.size() < i) advance(seconds(1));
    worker(i).failToStart();
    turn();
  }
  EXPECT_TRUE(failure(job).check<StartupFailed>());
  const auto later = submit();
  turn();
  EXPECT_TRUE(failure(later).check<StartupFailed>()) << "no job waits in vain";
  const auto tried = workers_.size();
  advance(seconds(60));
  EXPECT_EQ(workers_.size(), tried + 1) << "one is tried at a time";
  const auto afterPause = submit();
  readyAll();
  workers_.back()->answerNext();
  turn();
  EXPECT_TRUE(succeeded(afterPause));
}

TEST_F(ConductorTest, AShortageFailsNothingWhileAWorkerServes) {
  startWorkers();
  world_.shortage = "no descriptor is left";
  submitMany(3);
  advance(seconds(10));
  EXPECT_EQ(pool().stats().workers, 1U);
  while (pool().stats().queued + pool().stats().running > 0) worker(1).answerAll();
  EXPECT_TRUE(succeeded(2));
}

TEST_F(ConductorTest, AShortageThatLastsFailsTheQueueWhenNoneHasEverStarted) {
  world_.shortage = "no descriptor is left";
  const auto job = submit();
  for (int i = 0; i < 10; ++i) advance(seconds(1));
  ASSERT_TRUE(settled(job));
  EXPECT_TRUE(failure(job).check<StartupFailed>());
  EXPECT_THAT(failure(job).describe(), ::testing::HasSubstr("no descriptor is left"));
}

// Going.

TEST_F(ConductorTest, IdleWorkersAboveMinGoAfterMaxIdle) {
  options_.maxIdle = seconds(60);
  startWorkers();
  submitMany(2);
  turn();
  readyAll();
  for (auto& each : workers_) each->answerAll();
  turn();
  advance(seconds(59));
  EXPECT_EQ(pool().stats().idle, 2U);
  advance(seconds(2));
  EXPECT_EQ(pool().stats().idle, 1U);
}

TEST_F(ConductorTest, AfterItsNumberOfJobsAWorkerGoesWhenItsReplacementIsReady) {
  options_.max = 1;
  options_.recycleAfter = 2;
  startWorkers();
  for (int i = 0; i < 2; ++i) {
    submit();
    worker(1).answerNext();
  }
  turn();
  ASSERT_THAT(workers_, SizeIs(2));
  EXPECT_FALSE(worker(1).toldToEnd());
  worker(2).getReady();
  EXPECT_EQ(worker(1).toldToEnd(), DeathCause::recycle);
}

TEST_F(ConductorTest, AWorkerThatHasGrownIsReplacedWhileItServes) {
  options_.max = 1;
  options_.recycleAboveRssBytes = 1000;
  startWorkers();
  worker(1).resident = 1001;
  submit();
  worker(1).answerNext();
  turn();
  ASSERT_THAT(workers_, SizeIs(2));
  submit();
  EXPECT_EQ(worker(1).state(), WorkerState::busy) << "it serves until then";
  worker(2).getReady();
  worker(1).answerNext();
  EXPECT_EQ(worker(1).toldToEnd(), DeathCause::recycle);
}

TEST_F(ConductorTest, AWorkerThatIsTooLargeFromTheStartServesAJobBeforeItIsReplaced) {
  options_.max = 1;
  options_.recycleAboveRssBytes = 1000;
  pool().start().addErrback([](const Failure&) {});
  turn();
  worker(1).resident = 1001;
  readyAll();
  EXPECT_THAT(workers_, SizeIs(1));
  submit();
  worker(1).answerNext();
  turn();
  EXPECT_THAT(workers_, SizeIs(2));
}

TEST_F(ConductorTest, AReloadReplacesEachWorkerAndFailsNoJob) {
  options_.min = 2;
  startWorkers();
  const auto job = submit();
  bool reloaded = false;
  auto done = pool().reload().addCallback([&] { reloaded = true; });
  turn();
  for (int i = 0; i < 4; ++i) {
    readyAll();
    for (const auto& status : pool().workers()) {
      FakeWorker& each = worker(status.number);
      if (each.state() == WorkerState::busy) each.answerAll();
      if (each.state() == WorkerState::ending) each.finishEnding();
    }
    turn();
  }
  EXPECT_TRUE(reloaded);
  EXPECT_TRUE(succeeded(job));
  EXPECT_EQ(pool().stats().recycled, 2U);
}

// Stopping.

TEST_F(ConductorTest, StopLetsRunningJobsEndAndFailsTheQueue) {
  options_.max = 1;
  startWorkers();
  const auto running = submit();
  const auto queued = submit();
  bool stopped = false;
  auto stop = pool().stop({}).addCallback([&] { stopped = true; });
  turn();
  EXPECT_TRUE(failure(queued).check<PoolStopped>());
  EXPECT_FALSE(settled(running));
  worker(1).answerNext();
  turn();
  EXPECT_TRUE(succeeded(running));
  EXPECT_FALSE(stopped);
  EXPECT_EQ(worker(1).toldToEnd(), DeathCause::shutdown);
  worker(1).finishEnding();
  turn();
  EXPECT_TRUE(stopped);
}

TEST_F(ConductorTest, StopWithinKillsWhatStillRuns) {
  startWorkers();
  const auto job = submit();
  auto stop = pool().stop({.within = seconds(5)});
  turn();
  advance(seconds(5));
  EXPECT_EQ(worker(1).toldToEnd(), DeathCause::shutdown);
  worker(1).beginNext();
  worker(1).finishEnding();
  turn();
  EXPECT_TRUE(failure(job).check<PoolStopped>());
  EXPECT_TRUE(stop.called());
}

TEST_F(ConductorTest, ADrainRunsTheQueueFirst) {
  options_.max = 1;
  startWorkers();
  submitMany(3);
  auto stop = pool().stop({.drainQueue = true});
  turn();
  while (pool().stats().queued + pool().stats().running > 0) worker(1).answerAll();
  EXPECT_TRUE(succeeded(2));
  worker(1).finishEnding();
  turn();
  EXPECT_TRUE(stop.called());
}

TEST_F(ConductorTest, AWorkerThatIsStartingDoesNotHoldUpTheEnd) {
  submit();
  auto stop = pool().stop({});
  turn();
  EXPECT_EQ(worker(1).toldToEnd(), DeathCause::shutdown);
  worker(1).finishEnding();
  turn();
  EXPECT_TRUE(stop.called());
}

// killWorkers().

TEST_F(ConductorTest, KillingAllWorkersCostsTheRunningJobsAndNoOthers) {
  options_.min = options_.max = 2;
  startWorkers();
  const auto running = submit();
  const auto rerun = submit({.rerun = Rerun::always});
  turn();
  worker(1).beginNext();
  worker(2).beginNext();
  const auto waiting = submit();
  bool gone = false;
  auto killing = pool().killWorkers().addCallback([&] { gone = true; });
  EXPECT_EQ(worker(1).toldToEnd(), DeathCause::killed);
  EXPECT_EQ(worker(2).toldToEnd(), DeathCause::killed);
  worker(1).finishEnding();
  turn();
  EXPECT_FALSE(gone);
  worker(2).finishEnding();
  turn();
  EXPECT_TRUE(gone);
  // Each of the two had one of the first two jobs.
  const auto failed = settled(running) ? running : rerun;
  EXPECT_EQ(failed, running);
  ASSERT_TRUE(failure(running).check<WorkerDied>());
  EXPECT_EQ(failure(running).certificate()->cause, DeathCause::killed);
  EXPECT_THAT(failure(running).message(), ::testing::HasSubstr("was killed on request"));
  readyAll();
  advance(seconds(1));
  for (int i = 0; i < 4; ++i) {
    for (std::size_t number = 3; number <= workers_.size(); ++number) worker(number).answerAll();
    turn();
  }
  EXPECT_TRUE(succeeded(rerun));
  EXPECT_TRUE(succeeded(waiting));
  EXPECT_EQ(pool().stats().deaths, 0U);
}

TEST_F(ConductorTest, AJobThatHadNotBegunIsNotBlamedHoweverOftenAllAreKilled) {
  const auto job = submit();
  for (unsigned i = 0; i < 2 * Verdict::kMostNotBegun; ++i) {
    readyAll();
    turn();
    pool().killWorkers().addBoth([](const Outcome<void>&) {});
    for (auto& each : workers_) {
      if (each->toldToEnd() == DeathCause::killed && each->state() == WorkerState::ending) {
        each->finishEnding();
        break;
      }
    }
    std::erase_if(workers_, [](const auto& each) { return each->toldToEnd().has_value(); });
    turn();
    ASSERT_FALSE(settled(job)) << failure(job).message();
  }
  readyAll();
  turn();
  workers_.back()->answerAll();
  turn();
  EXPECT_TRUE(succeeded(job));
}

TEST_F(ConductorTest, WithoutWorkersNobodyWaitsForTheKilling) {
  bool gone = false;
  auto killing = pool().killWorkers().addCallback([&] { gone = true; });
  EXPECT_FALSE(gone);
  turn();
  EXPECT_TRUE(gone);
}

}  // namespace
}  // namespace phial::detail
