// Waits for a parent that does not answer.
#include "nested_fixture.h"

namespace phial {
namespace {

using namespace std::chrono_literals;

class ParentEndTest : public NestedTest {
 protected:
  void untilItWaits() {
    runUntil([&] { return asked_.never == 1 && waiting() == 1; });
  }
};

TEST_F(ParentEndTest, AWorkerThatIsKilledWhileItWaitsCostsItsJob) {
  auto& pool = makeParent({.min = 1, .max = 1});
  auto job = pool.deferToProcess<nested::asksAndWaits>();
  untilItWaits();
  ::kill(pool.workers().front().pid, SIGKILL);
  EXPECT_TRUE(failureOf(std::move(job)).check<WorkerDied>());
  EXPECT_EQ(waiting(), 0U);
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::asksToAdd>(1, 1)), "2");
}

TEST_F(ParentEndTest, CancellingEndsTheWaitWithoutCostingTheWorker) {
  auto& pool = makeParent({.min = 1, .max = 1, .grace = 30s});
  auto job = pool.deferToProcess<nested::asksAndNeverReturns>();
  const auto handle = job.handle();
  untilItWaits();
  handle.cancel();
  EXPECT_TRUE(failureOf(std::move(job)).check<CancelledError>());
  runUntil([&] { return pool.stats().busy == 0; });
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(ParentEndTest, ASoftTimeoutEndsTheWaitWithCancelledError) {
  auto& pool = makeParent({.min = 1, .max = 1, .grace = 30s});
  auto job = pool.with(JobOptions{.softTimeout = 50ms}).deferToProcess<nested::asksAndWaits>();
  EXPECT_EQ(valueOf(std::move(job)), "CancelledError");
}

TEST_F(ParentEndTest, ATimeoutEndsTheWorker) {
  auto& pool = makeParent({.min = 1, .max = 1});
  auto job = pool.with(JobOptions{.timeout = 50ms}).deferToProcess<nested::asksAndWaits>();
  EXPECT_TRUE(failureOf(std::move(job)).check<JobTimedOut>());
}

TEST_F(ParentEndTest, ADeadlineEndsTheWait) {
  auto& pool = makeParent({.min = 1, .max = 1, .grace = 30s});
  auto job = pool.with(JobOptions{.deadline = reactor_->now() + 50ms})
                 .deferToProcess<nested::asksAndWaits>();
  EXPECT_TRUE(failureOf(std::move(job)).check<DeadlineExceeded>());
  runUntil([&] { return pool.stats().busy == 0; });
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(ParentEndTest, StopWaitsForAParentsAnswerUntilItsLimit) {
  auto& pool = makeParent({.min = 1, .max = 1});
  auto job = pool.deferToProcess<nested::asksAndWaits>();
  untilItWaits();
  auto stopped = pool.stop({.within = 50ms});
  EXPECT_TRUE(failureOf(std::move(job)).check<PoolStopped>());
  valueOf(std::move(stopped));
}

TEST_F(ParentEndTest, DestroyingThePoolEndsTheCall) {
  auto& pool = makeParent({.min = 1, .max = 1});
  auto job = pool.deferToProcess<nested::asksAndWaits>();
  untilItWaits();
  pool_.reset();
  EXPECT_TRUE(failureOf(std::move(job)).check<PoolStopped>());
  runUntil([&] { return !asked_.open.front()->isWaiting(); });
}

}  // namespace
}  // namespace phial
