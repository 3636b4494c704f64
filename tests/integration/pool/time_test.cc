// Timeouts, deadlines and cancelling.
#include <signal.h>

#include "pool_fixture.h"

namespace phial {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using PoolTimeTest = PoolTest;

TEST_F(PoolTimeTest, AJobThatRunsTooLongIsEndedWithACertificate) {
  auto& pool = makePool({.max = 1, .timeout = seconds(10)}, &clock_);
  const auto fifo = makeFifo("there");
  auto job = pool.deferToProcess<jobs::announceAndHang>(fifo);
  awaitAnnouncement(fifo);
  clock_.advance(seconds(9));
  EXPECT_EQ(pool.stats().running, 1U);
  clock_.advance(seconds(2));
  const Failure failure = failureOf(std::move(job));
  ASSERT_TRUE(failure.check<JobTimedOut>()) << failure.message();
  EXPECT_FALSE(failure.check<WorkerDied>());
  const auto& death = failure.as<JobTimedOut>()->certificate();
  EXPECT_EQ(death.cause, DeathCause::timeout);
  EXPECT_EQ(std::get<Signalled>(death.status).signal, SIGKILL);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
}

TEST_F(PoolTimeTest, TheTimeoutSignalIsFollowedBySigkillAfterGrace) {
  auto& pool = makePool({.max = 1, .timeoutSignal = SIGTERM, .grace = seconds(3)}, &clock_);
  const auto fifo = makeFifo("there");
  auto job = pool.with({.timeout = seconds(10)}).deferToProcess<jobs::announceAndIgnoreTerm>(fifo);
  awaitAnnouncement(fifo);
  clock_.advance(seconds(11));
  EXPECT_EQ(pool.workers().front().state, WorkerState::ending);
  clock_.advance(seconds(4));
  const Failure failure = failureOf(std::move(job));
  ASSERT_TRUE(failure.check<JobTimedOut>());
  EXPECT_EQ(std::get<Signalled>(failure.as<JobTimedOut>()->certificate().status).signal, SIGKILL);
}

TEST_F(PoolTimeTest, AJobWhoseArgumentsTakeForEverToReadIsEndedToo) {
  auto& pool = makePool({.max = 1, .timeout = seconds(10)}, &clock_);
  const auto fifo = makeFifo("there");
  auto job = pool.deferToProcess<jobs::enter>(jobs::Tarpit{fifo});
  awaitAnnouncement(fifo);
  clock_.advance(seconds(11));
  EXPECT_EQ(pool.stats().running, 1U);
  clock_.advance(seconds(10));
  EXPECT_EQ(pool.workers().front().state, WorkerState::ending);
  const Failure failure = failureOf(std::move(job));
  ASSERT_TRUE(failure.check<JobTimedOut>()) << failure.message();
  EXPECT_EQ(failure.as<JobTimedOut>()->certificate().phase, Phase::decoding);
}

TEST_F(PoolTimeTest, TimeInTheQueueIsNotCharged) {
  auto& pool =
      makePool({.max = 1, .timeout = seconds(10), .startTimeout = std::chrono::hours(1)}, &clock_);
  const auto block = makeFifo("block");
  auto first = pool.with({.timeout = seconds(1000)}).deferToProcess<jobs::waitFor>(block);
  runUntil([&] { return pool.stats().running == 1; });
  auto second = pool.deferToProcess<jobs::add>(1, 2);
  clock_.advance(seconds(500));
  letGo(block);
  valueOf(std::move(first));
  EXPECT_EQ(valueOf(std::move(second)), 3);
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolTimeTest, TimeOnTheWayToTheWorkerIsNotCharged) {
  auto& pool = makePool({.min = 1, .max = 1, .timeout = seconds(10), .grace = seconds(3)}, &clock_);
  valueOf(pool.start());
  const pid_t pid = pool.workers().front().pid;
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  auto job = pool.deferToProcess<jobs::whoAmI>();
  runUntil([&] { return pool.stats().running == 1; });
  clock_.advance(seconds(25));
  ASSERT_EQ(::kill(pid, SIGCONT), 0);
  EXPECT_EQ(valueOf(std::move(job)), pid);
}

TEST_F(PoolTimeTest, ADeadlineThatPassesInTheQueueKillsNobody) {
  auto& pool = makePool({.max = 1}, &clock_);
  const auto block = makeFifo("block");
  auto running = pool.deferToProcess<jobs::waitFor>(block);
  runUntil([&] { return pool.stats().running == 1; });
  auto late = pool.with({.deadline = clock_.now() + seconds(5)}).deferToProcess<jobs::add>(1, 2);
  clock_.advance(seconds(6));
  EXPECT_TRUE(failureOf(std::move(late)).check<DeadlineExceeded>());
  letGo(block);
  valueOf(std::move(running));
  EXPECT_EQ(pool.stats().deaths, 0U);
  EXPECT_EQ(pool.stats().spawned, 1U);
}

TEST_F(PoolTimeTest, ADeadlineThatHasPassedIsRefused) {
  auto& pool = makePool({.max = 1}, &clock_);
  EXPECT_TRUE(failureOf(pool.with({.deadline = clock_.now()}).deferToProcess<jobs::add>(1, 2))
                  .check<DeadlineExceeded>());
  EXPECT_EQ(pool.stats().spawned, 0U);
}

TEST_F(PoolTimeTest, ADeadlineThatPassesWhileRunningFailsTheJobAndThenEndsTheWorker) {
  auto& pool = makePool({.max = 1, .grace = seconds(3)}, &clock_);
  const auto fifo = makeFifo("there");
  auto job = pool.with({.deadline = clock_.now() + seconds(5)})
                 .deferToProcess<jobs::announceAndHang>(fifo);
  awaitAnnouncement(fifo);
  clock_.advance(seconds(6));
  EXPECT_TRUE(failureOf(std::move(job)).check<DeadlineExceeded>());
  EXPECT_EQ(pool.stats().busy, 1U);
  clock_.advance(seconds(4));
  runUntil([&] { return pool.stats().deaths == 1; });
  EXPECT_TRUE(pool.stats().balanced());
}

TEST_F(PoolTimeTest, CancellingAQueuedJobTakesItBack) {
  auto& pool = makePool({.max = 1}, &clock_);
  const auto block = makeFifo("block");
  auto running = pool.deferToProcess<jobs::waitFor>(block);
  runUntil([&] { return pool.stats().running == 1; });
  auto queued = pool.deferToProcess<jobs::add>(1, 2);
  queued.cancel();
  EXPECT_TRUE(queued.called());
  EXPECT_EQ(pool.stats().cancelled, 1U);
  EXPECT_EQ(pool.stats().queued, 0U);
  EXPECT_TRUE(pool.stats().balanced());
  EXPECT_TRUE(failureOf(std::move(queued)).check<CancelledError>());
  letGo(block);
  valueOf(std::move(running));
}

TEST_F(PoolTimeTest, ACancelledJobThatHeedsItKeepsItsWorker) {
  auto& pool = makePool({.max = 1, .grace = seconds(3)}, &clock_);
  const auto fifo = makeFifo("there");
  auto job = pool.deferToProcess<jobs::announceAndHeed>(fifo);
  awaitAnnouncement(fifo);
  const pid_t pid = pool.workers().front().pid;
  job.cancel();
  EXPECT_TRUE(failureOf(std::move(job)).check<CancelledError>());
  runUntil([&] { return pool.stats().idle == 1; });
  clock_.advance(seconds(100));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::whoAmI>()), pid);
  EXPECT_EQ(pool.stats().cancelled, 1U);
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolTimeTest, ACancelledJobThatDoesNotHeedItIsEndedAfterGrace) {
  auto& pool = makePool({.max = 1, .grace = seconds(3)}, &clock_);
  const auto fifo = makeFifo("there");
  auto job = pool.deferToProcess<jobs::announceAndHang>(fifo);
  awaitAnnouncement(fifo);
  job.cancel();
  EXPECT_TRUE(failureOf(std::move(job)).check<CancelledError>());
  clock_.advance(seconds(2));
  EXPECT_EQ(pool.stats().busy, 1U);
  clock_.advance(seconds(2));
  runUntil([&] { return pool.stats().deaths == 1; });
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
}

TEST_F(PoolTimeTest, DroppingADeferredCancelsNothing) {
  auto& pool = makePool({.max = 1}, &clock_);
  (void)pool.deferToProcess<jobs::doNothing>();
  runUntil([&] { return pool.stats().succeeded == 1; });
  EXPECT_EQ(pool.stats().cancelled, 0U);
}

}  // namespace
}  // namespace phial
