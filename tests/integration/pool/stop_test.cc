// The ends of a pool that do not go smoothly.
#include <signal.h>

#include "pool_fixture.h"

namespace phial {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

using PoolStopTest = PoolTest;

TEST_F(PoolStopTest, TheEarliestOfSeveralEndsCounts) {
  auto& pool = makePool({.max = 1}, &clock_);
  const auto fifo = makeFifo("there");
  auto job = pool.deferToProcess<jobs::announceAndHang>(fifo);
  awaitAnnouncement(fifo);
  auto first = pool.stop({.within = seconds(100)});
  auto second = pool.stop({.within = seconds(5)});
  auto third = pool.stop({.within = seconds(50)});
  auto fourth = pool.stop();
  clock_.advance(seconds(4));
  EXPECT_EQ(pool.stats().busy, 1U);
  clock_.advance(seconds(2));
  EXPECT_TRUE(failureOf(std::move(job)).check<PoolStopped>());
  for (auto* stopped : {&first, &second, &third, &fourth}) valueOf(std::move(*stopped));
}

TEST_F(PoolStopTest, AnIdleWorkerThatDoesNotListenIsKilledAfterGrace) {
  auto& pool = makePool({.max = 1, .grace = seconds(2), .startTimeout = hours(1000)}, &clock_);
  valueOf(pool.start());
  ASSERT_EQ(::kill(pool.workers().front().pid, SIGSTOP), 0);
  auto stopped = pool.stop();
  passTurns();
  EXPECT_FALSE(stopped.called());
  clock_.advance(seconds(3));
  valueOf(std::move(stopped));
}

TEST_F(PoolStopTest, AWorkerThatNeverGetsReadyDoesNotHoldItUp) {
  auto& pool = makePool({.worker = {"sleep", "1000"}, .max = 1}, &clock_);
  auto started = pool.start();
  auto job = pool.deferToProcess<jobs::add>(1, 2);
  runUntil([&] { return pool.stats().starting == 1; });
  auto stopped = pool.stop();
  EXPECT_TRUE(failureOf(std::move(started)).check<PoolStopped>());
  EXPECT_TRUE(failureOf(std::move(job)).check<PoolStopped>());
  valueOf(std::move(stopped));
}

TEST_F(PoolStopTest, ADrainIsBoundedByItsGraceToo) {
  auto& pool = makePool({.max = 1}, &clock_);
  const auto fifo = makeFifo("there");
  auto running = pool.deferToProcess<jobs::announceAndIgnoreTerm>(fifo);
  auto queued = pool.deferToProcess<jobs::add>(1, 2);
  awaitAnnouncement(fifo);
  auto stopped = pool.stop({.drainQueue = true, .within = seconds(5)});
  passTurns();
  EXPECT_EQ(pool.stats().queued, 1U);
  clock_.advance(seconds(6));
  EXPECT_TRUE(failureOf(std::move(running)).check<PoolStopped>());
  EXPECT_TRUE(failureOf(std::move(queued)).check<PoolStopped>());
  valueOf(std::move(stopped));
}

TEST_F(PoolStopTest, ADrainGoesOnWhenItsWorkersDie) {
  auto& pool = makePool({.max = 1});
  auto doomed = pool.deferToProcess<jobs::dieOf>(SIGKILL);
  auto queued = pool.deferToProcess<jobs::add>(1, 2);
  auto stopped = pool.stop({.drainQueue = true});
  EXPECT_TRUE(failureOf(std::move(doomed)).check<WorkerDied>());
  EXPECT_EQ(valueOf(std::move(queued)), 3);
  valueOf(std::move(stopped));
}

TEST_F(PoolStopTest, ADrainWhoseWorkersDoNotStartFailsTheQueueAndEnds) {
  auto& pool = makePool({.worker = {"false"}, .min = 0, .max = 1});
  auto queued = pool.deferToProcess<jobs::add>(1, 2);
  auto stopped = pool.stop({.drainQueue = true});
  EXPECT_TRUE(failureOf(std::move(queued)).check<StartupFailed>());
  valueOf(std::move(stopped));
}

TEST_F(PoolStopTest, ADrainThatIsCalledOffFailsTheQueue) {
  auto& pool = makePool({.max = 1});
  const auto fifo = makeFifo("block");
  auto running = pool.deferToProcess<jobs::waitFor>(fifo);
  auto queued = pool.deferToProcess<jobs::add>(1, 2);
  runUntil([&] { return pool.stats().running == 1; });
  auto draining = pool.stop({.drainQueue = true});
  auto stopped = pool.stop();
  EXPECT_TRUE(failureOf(std::move(queued)).check<PoolStopped>());
  letGo(fifo);
  valueOf(std::move(running));
  valueOf(std::move(draining));
  valueOf(std::move(stopped));
}

TEST_F(PoolStopTest, WithOneJobAWorkerADrainReplacesThemToItsEnd) {
  auto& pool = makePool({.min = 0, .max = 2, .recycleAfter = 1});
  std::vector<Deferred<int>> all;
  for (int i = 0; i < 10; ++i) all.push_back(pool.deferToProcess<jobs::add>(i, 1));
  auto stopped = pool.stop({.drainQueue = true});
  valueOf(gatherResults(std::move(all)));
  valueOf(std::move(stopped));
  EXPECT_EQ(pool.stats().workers, 0U);
}

TEST_F(PoolStopTest, DestructionAfterItSaysNothingAndFindsNothingToDo) {
  auto& pool = makePool({.min = 2, .max = 2});
  valueOf(pool.start());
  valueOf(pool.stop());
  pool_.reset();
  EXPECT_THAT(log_.str(), ::testing::Not(::testing::HasSubstr("destroyed")));
}

TEST_F(PoolStopTest, ItMayBeCalledByTheErrbackOfADeath) {
  auto& pool = makePool({.min = 2, .max = 2});
  valueOf(pool.deferToProcess<jobs::dieOf>(SIGKILL).addErrback(
      [&](const Failure&) { return pool.stop({.within = Duration::zero()}); }));
  EXPECT_EQ(pool.stats().workers, 0U);
}

}  // namespace
}  // namespace phial
