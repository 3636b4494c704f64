// Waiting for the queue to become short.
#include "pool_fixture.h"

namespace phial {
namespace {

class PoolBackpressureTest : public PoolTest {
 protected:
  /// A pool whose one worker is held by a job until letGo(block_).
  ProcessPool& makeHeldPool(std::size_t maxQueue = 0) {
    block_ = makeFifo("block");
    auto& pool = makePool({.max = 1, .maxQueue = maxQueue});
    held_ = pool.deferToProcess<jobs::waitFor>(block_);
    runUntil([&] { return pool.stats().running == 1; });
    return pool;
  }

  std::string block_;
  Deferred<std::string> held_;
};

TEST_F(PoolBackpressureTest, FiresAtOnceWhileTheQueueIsShort) {
  auto& pool = makePool();
  EXPECT_TRUE(pool.whenBelow(1).called());
  EXPECT_THROW((void)pool.whenBelow(0), std::invalid_argument);
}

TEST_F(PoolBackpressureTest, FiresWhenTheQueueHasBecomeShort) {
  auto& pool = makeHeldPool();
  auto first = pool.deferToProcess<jobs::add>(1, 1);
  auto second = pool.deferToProcess<jobs::add>(1, 1);
  std::size_t queued = 99;
  auto below = pool.whenBelow(2).addCallback([&] { queued = pool.stats().queued; });
  EXPECT_TRUE(pool.whenBelow(3).called());
  EXPECT_FALSE(below.called());
  second.cancel();
  valueOf(std::move(below));
  EXPECT_EQ(queued, 1U);
  letGo(block_);
  EXPECT_EQ(valueOf(std::move(first)), 2);
  EXPECT_TRUE(failureOf(std::move(second)).check<CancelledError>());
  valueOf(std::move(held_));
}

TEST_F(PoolBackpressureTest, AProducerThatWaitsNeverMeetsAFullQueue) {
  constexpr int kJobs = 300;
  constexpr std::size_t kMaxQueue = 4;
  auto& pool = makePool({.min = 2, .max = 2, .maxQueue = kMaxQueue});
  int submitted = 0;
  std::vector<Deferred<int>> all;
  // Three producers at once: each is told while there is room, not before the others have taken it.
  std::function<void()> produce = [&] {
    if (submitted >= kJobs) return;
    ++submitted;
    all.push_back(pool.deferToProcess<jobs::add>(1, 2));
    EXPECT_LE(pool.stats().queued, kMaxQueue);
    (void)pool.whenBelow(kMaxQueue).addCallback(produce);
  };
  for (int i = 0; i < 3; ++i) (void)pool.whenBelow(kMaxQueue).addCallback(produce);
  runUntil([&] { return submitted == kJobs; });
  for (const int sum : valueOf(gatherResults(std::move(all)))) EXPECT_EQ(sum, 3);
  EXPECT_EQ(pool.stats().failed, 0U);
}

TEST_F(PoolBackpressureTest, OneWhoHasCancelledIsNotTold) {
  auto& pool = makeHeldPool();
  auto job = pool.deferToProcess<jobs::add>(1, 1);
  auto below = pool.whenBelow(1);
  below.cancel();
  EXPECT_TRUE(failureOf(std::move(below)).check<CancelledError>());
  letGo(block_);
  valueOf(std::move(job));
  valueOf(std::move(held_));
}

TEST_F(PoolBackpressureTest, StopFailsThoseWhoWaitAndThoseWhoCome) {
  auto& pool = makeHeldPool();
  auto job = pool.deferToProcess<jobs::add>(1, 1);
  auto below = pool.whenBelow(1);
  auto stopped = pool.stop();
  EXPECT_FALSE(below.called()) << "inside the call";
  EXPECT_TRUE(failureOf(std::move(below)).check<PoolStopped>());
  EXPECT_TRUE(failureOf(pool.whenBelow(100)).check<PoolStopped>());
  EXPECT_TRUE(failureOf(std::move(job)).check<PoolStopped>());
  letGo(block_);
  valueOf(std::move(held_));
  valueOf(std::move(stopped));
}

TEST_F(PoolBackpressureTest, ThePoolMayBeDestroyedByOneWhoIsTold) {
  auto& pool = makeHeldPool();
  auto job = pool.deferToProcess<jobs::add>(1, 1);
  auto first = pool.whenBelow(1).addCallback([&] { pool_.reset(); });
  auto second = pool.whenBelow(1);
  job.cancel();
  valueOf(std::move(first));
  EXPECT_TRUE(failureOf(std::move(second)).check<PoolStopped>());
  EXPECT_TRUE(failureOf(std::move(held_)).check<PoolStopped>());
  EXPECT_TRUE(failureOf(std::move(job)).check<CancelledError>());
}

TEST_F(PoolBackpressureTest, AFullQueueRefusesHighPrioritiesToo) {
  auto& pool = makeHeldPool(1);
  auto job = pool.deferToProcess<jobs::add>(1, 1);
  EXPECT_TRUE(
      failureOf(pool.with({.priority = 9}).deferToProcess<jobs::add>(1, 1)).check<QueueFull>());
  job.cancel();
  auto urgent = pool.with({.priority = 9}).deferToProcess<jobs::add>(1, 1);
  letGo(block_);
  EXPECT_EQ(valueOf(std::move(urgent)), 2);
  EXPECT_TRUE(failureOf(std::move(job)).check<CancelledError>());
  valueOf(std::move(held_));
}

}  // namespace
}  // namespace phial
