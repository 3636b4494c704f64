// Leases that wait, leases in a pool that stops, and jobs for fresh workers.
#include "tests/unit/pool/leases_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LeaseQueueTest : public LeasesTest {};

TEST_F(LeaseQueueTest, BeyondTheLimitALeaseWaitsForARelease) {
  startWorkers();
  Asked& first = ask({.after = After::reuse});
  Asked& second = ask();
  Asked& third = ask();
  Asked& fourth = ask();
  ASSERT_TRUE(first.lease && second.lease);
  EXPECT_FALSE(third.lease);
  FakeWorker& freed = workerOf(first);
  first.lease.reset();
  turn();
  freed.endLeaseNow();
  turn();
  EXPECT_TRUE(third.lease) << "first come, first served";
  EXPECT_FALSE(fourth.lease);
}

TEST_F(LeaseQueueTest, ByDefaultOneWorkerIsLeftForJobs) {
  options_.maxLeases.reset();
  startWorkers();
  EXPECT_TRUE(ask().lease);
  EXPECT_FALSE(ask().lease);
  submit();
  EXPECT_THAT(worker(1).heldJobs().size() + worker(2).heldJobs().size(), 1U);
}

TEST_F(LeaseQueueTest, APoolOfOneLeasesItsWorkerAndJobsWait) {
  options_ = {.min = 1, .max = 1, .onLog = [](const LogRecord&) {}};
  startWorkers();
  Asked& asked = ask();
  ASSERT_TRUE(asked.lease);
  const auto job = submit();
  turn();
  EXPECT_THAT(worker(1).heldJobs(), IsEmpty());
  asked.lease.reset();
  turn();
  worker(1).finishEnding();
  readyAll();
  worker(2).answerAll();
  turn();
  EXPECT_TRUE(succeeded(job));
}

TEST_F(LeaseQueueTest, AWaitingLeaseComesBeforeJobsHoweverManyWait) {
  startWorkers();
  learnThatJobsAreShort();
  submitMany(1000);
  turn();
  Asked& asked = ask();
  submitMany(1000);
  turn();
  EXPECT_FALSE(asked.lease);
  worker(1).answerAll();
  turn();
  ASSERT_TRUE(asked.lease);
  EXPECT_EQ(asked.lease->worker(), 1U);
  EXPECT_THAT(worker(1).heldJobs(), IsEmpty());
}

TEST_F(LeaseQueueTest, AWaitingLeaseCanBeCancelled) {
  startWorkers();
  ask();
  ask();
  Asked& waiting = ask();
  waiting.got.cancel();
  turn();
  ASSERT_TRUE(waiting.failure);
  EXPECT_TRUE(waiting.failure->check<CancelledError>());
  Asked& next = ask();
  asked_[0].lease.reset();
  turn();
  worker(1).toldToEnd() ? worker(1).finishEnding() : worker(2).finishEnding();
  readyAll();
  EXPECT_TRUE(next.lease);
}

TEST_F(LeaseQueueTest, ALeaseMayHaveADeadline) {
  startWorkers();
  ask();
  ask();
  Asked& waiting = ask({.deadline = clock_.now() + seconds(5)});
  advance(seconds(6));
  ASSERT_TRUE(waiting.failure);
  EXPECT_TRUE(waiting.failure->check<DeadlineExceeded>());
}

TEST_F(LeaseQueueTest, ALeaseThatNobodyHoldsWhenItComesIsReleasedAtOnce) {
  pool().lease({});
  readyAll();
  turn();
  EXPECT_EQ(pool().stats().leased, 0U);
  EXPECT_TRUE(worker(1).toldToEnd() || worker(2).toldToEnd());
}

TEST_F(LeaseQueueTest, AScopeThatEndsGivesUpItsPlace) {
  startWorkers();
  ask();
  ask();
  {
    Scope scope;
    scope.hold(pool().lease({})).addCallback([](const Lease&) { ADD_FAILURE(); });
  }
  asked_.clear();
  turn();
  worker(1).finishEnding();
  worker(2).finishEnding();
  readyAll();
  EXPECT_EQ(pool().stats().leased, 0U);
}

TEST_F(LeaseQueueTest, StopLetsRunningJobsEndAndEndsLeases) {
  startWorkers();
  Asked& asked = ask();
  ask();
  Asked& waiting = ask();
  FakeWorker& leased = workerOf(asked);
  const auto running = run(asked);
  const auto queued = run(asked);
  bool stopped = false;
  pool().stop({}).addCallback([&] { stopped = true; });
  turn();
  ASSERT_TRUE(waiting.failure);
  EXPECT_TRUE(waiting.failure->check<PoolStopped>());
  EXPECT_TRUE(failure(queued).check<PoolStopped>());
  EXPECT_TRUE(asked.lease->over());
  const auto later = run(asked);
  leased.answerNext();
  turn();
  EXPECT_TRUE(succeeded(running));
  EXPECT_TRUE(failure(later).check<PoolStopped>());
  EXPECT_EQ(overOf(*asked.lease), "phial::PoolStopped");
  worker(1).finishEnding();
  worker(2).finishEnding();
  turn();
  EXPECT_TRUE(stopped);
}

TEST_F(LeaseQueueTest, AStopThatDrainsRunsWhatIsQueuedOnLeases) {
  startWorkers();
  Asked& asked = ask();
  FakeWorker& leased = workerOf(asked);
  run(asked);
  const auto queued = run(asked);
  bool stopped = false;
  pool().stop({.drainQueue = true}).addCallback([&] { stopped = true; });
  leased.answerNext();
  leased.answerNext();
  turn();
  EXPECT_TRUE(succeeded(queued));
  worker(1).finishEnding();
  worker(2).finishEnding();
  turn();
  EXPECT_TRUE(stopped);
}

TEST_F(LeaseQueueTest, AHandleMayOutliveThePool) {
  startWorkers();
  Asked& asked = ask();
  const Lease lease = *asked.lease;
  const auto running = run(lease);
  pool().close();
  EXPECT_TRUE(failure(running).check<PoolStopped>());
  const auto later = run(lease);
  EXPECT_TRUE(failure(later).check<PoolStopped>());
  EXPECT_TRUE(lease.over());
  lease.release();
}

TEST_F(LeaseQueueTest, AHandleOfADeadLeaseMayOutliveThePoolToo) {
  startWorkers();
  Asked& asked = ask();
  workerOf(asked).crash();
  turn();
  pool().close();
  EXPECT_TRUE(failure(run(asked)).check<PoolStopped>());
}

TEST_F(LeaseQueueTest, ItIsReplacedAfterItsReleaseWhenThePoolHasShrunk) {
  startWorkers();
  Asked& first = ask({.after = After::reuse});
  Asked& second = ask({.after = After::reuse});
  pool().resize(1, 1).addErrback([](const Failure&) {});
  advance(hours(1));
  FakeWorker& freed = workerOf(first);
  EXPECT_FALSE(freed.toldToEnd() || workerOf(second).toldToEnd());
  first.lease.reset();
  turn();
  freed.endLeaseNow();
  turn();
  EXPECT_EQ(freed.toldToEnd(), DeathCause::shutdown);
}

TEST_F(LeaseQueueTest, AFreshWorkerIsRefusedOnALease) {
  startWorkers();
  Asked& asked = ask();
  const auto job = run(*asked.lease, {.freshWorker = true});
  turn();
  EXPECT_TRUE(failure(job).check<std::invalid_argument>());
}

TEST_F(LeaseQueueTest, WorkersThatDoNotStartFailALeaseThatWaits) {
  Asked& asked = ask();
  for (int i = 0; i < 30 && !asked.failure; ++i) {
    for (std::size_t n = 0; n < workers_.size(); ++n) {
      if (workers_[n]->state() == WorkerState::starting) workers_[n]->failToStart();
    }
    advance(seconds(60));
  }
  ASSERT_TRUE(asked.failure);
  EXPECT_TRUE(asked.failure->check<StartupFailed>());
}

// Fresh workers.

TEST_F(LeaseQueueTest, AFreshJobGetsAWorkerThatHasServedNobodyAndNobodyAfterIt) {
  startWorkers();
  submitMany(2);
  worker(1).answerAll();
  worker(2).answerAll();
  turn();
  const auto fresh = submit({.freshWorker = true});
  turn();
  ASSERT_TRUE(worker(1).toldToEnd() || worker(2).toldToEnd()) << "one makes room";
  readyAll();
  FakeWorker& third = worker(3);
  ASSERT_THAT(third.heldJobs(), SizeIs(1));
  submitMany(10);
  turn();
  EXPECT_THAT(third.heldJobs(), SizeIs(1));
  third.answerNext();
  turn();
  EXPECT_TRUE(succeeded(fresh));
  EXPECT_EQ(third.toldToEnd(), DeathCause::recycle);
}

TEST_F(LeaseQueueTest, FreshJobsAndOthersAllEnd) {
  startWorkers();
  for (int i = 0; i < 20; ++i) submit({.freshWorker = i % 2 == 0});
  for (int i = 0; i < 200; ++i) {
    for (std::size_t n = 0; n < workers_.size(); ++n) {
      FakeWorker& each = *workers_[n];
      if (each.state() == WorkerState::starting) each.getReady();
      if (each.state() == WorkerState::busy) each.answerAll();
      if (each.state() == WorkerState::ending && each.toldToEnd() && !gone_.contains(n)) {
        gone_.insert(n);
        each.finishEnding();
      }
    }
    turn(1);
  }
  for (std::size_t i = 0; i < ends_.size(); ++i) EXPECT_TRUE(succeeded(i)) << i;
}

TEST_F(LeaseQueueTest, AFreshJobThatIsCancelledLeavesNothingBehind) {
  startWorkers();
  submitMany(2);
  turn();
  const auto fresh = submit({.freshWorker = true});
  deferreds_[fresh].cancel();
  worker(1).answerAll();
  turn();
  EXPECT_FALSE(worker(1).toldToEnd());
  EXPECT_FALSE(failure(fresh).mayHaveRun());
}

}  // namespace
}  // namespace phial::detail
