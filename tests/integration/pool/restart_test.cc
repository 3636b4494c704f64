// How often and when a pool replaces what has died.
#include <signal.h>

#include <fstream>

#include "pool_fixture.h"

namespace phial {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class PoolRestartTest : public PoolTest {
 protected:
  /// On the manual clock; no real process is so slow that it misses the handshake there.
  ProcessPool& makeClocked(std::size_t workers) {
    return makePool({.min = workers, .max = workers, .startTimeout = hours(1000)}, &clock_);
  }
  void crash(ProcessPool& pool) {
    EXPECT_TRUE(failureOf(pool.deferToProcess<jobs::dieOf>(SIGSEGV)).check<WorkerDied>());
  }
  std::string thisProgram() const {
    return std::filesystem::read_symlink("/proc/self/exe").string();
  }
};

TEST_F(PoolRestartTest, ThereIsOneReplacementADeathAndNoMore) {
  constexpr std::size_t kWorkers = 3;
  auto& pool = makePool({.min = kWorkers, .max = kWorkers});
  valueOf(pool.start());
  std::mt19937 random(3);
  for (std::uint64_t deaths = 1; deaths <= 60; ++deaths) {
    const auto workers = pool.workers();
    const auto victim = workers[random() % workers.size()];
    (void)pool.deferToProcess<jobs::isPrime>(100'003U).addErrback([](auto&&) {});
    ASSERT_EQ(::kill(victim.pid, deaths % 3 == 0 ? SIGSEGV : SIGKILL), 0);
    runUntil([&] { return pool.stats().deaths == deaths; });
    EXPECT_LE(pool.stats().spawned, kWorkers + deaths);
    if (deaths % 2 == 0) runUntil([&] { return pool.stats().starting == 0; });
    runUntil([&] { return !pool.workers().empty(); });
  }
  runUntil([&] { return pool.stats().idle == kWorkers; });
  EXPECT_EQ(pool.stats().spawned, kWorkers + pool.stats().deaths);
}

TEST_F(PoolRestartTest, ALoopOfCrashingJobsIsSlowedDown) {
  auto& pool = makeClocked(1);
  crash(pool);
  EXPECT_EQ(pool.stats().starting, 1U) << "the first replacement starts at once";
  crash(pool);
  passTurns();
  EXPECT_EQ(pool.stats().spawned, 2U);
  clock_.advance(milliseconds(10));
  EXPECT_EQ(pool.stats().spawned, 3U);
  crash(pool);
  clock_.advance(milliseconds(9));
  passTurns();
  EXPECT_EQ(pool.stats().spawned, 3U);
  clock_.advance(milliseconds(11));
  EXPECT_EQ(pool.stats().spawned, 4U);
}

TEST_F(PoolRestartTest, OneGoodJobACrashDoesNotEndTheLoopButFourDo) {
  auto& pool = makeClocked(1);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
    crash(pool);
  }
  passTurns();
  EXPECT_EQ(pool.stats().spawned, 2U);
  clock_.advance(milliseconds(10));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
  crash(pool);
  EXPECT_EQ(pool.stats().starting, 1U);
}

TEST_F(PoolRestartTest, AHealthySpellEndsTheLoop) {
  auto& pool = makeClocked(1);
  crash(pool);
  crash(pool);
  clock_.advance(milliseconds(10));
  runUntil([&] { return pool.stats().idle == 1; });
  clock_.advance(RestartOptions{}.healthySpell);
  crash(pool);
  EXPECT_EQ(pool.stats().starting, 1U);
}

TEST_F(PoolRestartTest, WorkersThatDieTogetherAreAllReplacedAtOnce) {
  constexpr std::size_t kWorkers = 4;
  auto& pool = makeClocked(kWorkers);
  valueOf(pool.start());
  for (const auto& worker : pool.workers()) ASSERT_EQ(::kill(worker.pid, SIGSEGV), 0);
  runUntil([&] { return pool.stats().deaths == kWorkers && pool.stats().idle == kWorkers; });
  EXPECT_EQ(pool.stats().spawned, 2 * kWorkers);
}

TEST_F(PoolRestartTest, WorkersThatCrashBeforeAnyJobAreReplacedEverMoreSlowly) {
  auto& pool = makeClocked(1);
  valueOf(pool.start());
  const auto crashIdle = [&](std::uint64_t deaths) {
    ASSERT_EQ(::kill(pool.workers().front().pid, SIGSEGV), 0);
    runUntil([&] { return pool.stats().deaths == deaths; });
  };
  crashIdle(1);
  runUntil([&] { return pool.stats().idle == 1; });
  // Half of each pause is certain.
  auto half = RestartOptions{}.firstPause / 2;
  for (std::uint64_t deaths = 2; deaths <= 12; ++deaths, half *= 2) {
    crashIdle(deaths);
    clock_.advance(half - milliseconds(1));
    EXPECT_EQ(pool.stats().workers, 0U) << deaths;
    clock_.advance(half + milliseconds(1));
    runUntil([&] { return pool.stats().idle == 1; });
  }
  EXPECT_GT(half, RestartOptions{}.longestCrashPause);
}

TEST_F(PoolRestartTest, WorkersThatAnOutsiderKillsAreReplacedWithoutAPause) {
  auto& pool = makeClocked(1);
  valueOf(pool.start());
  for (std::uint64_t deaths = 1; deaths <= 20; ++deaths) {
    ASSERT_EQ(::kill(pool.workers().front().pid, SIGKILL), 0);
    runUntil([&] { return pool.stats().deaths == deaths && pool.stats().idle == 1; });
  }
  EXPECT_EQ(pool.stats().spawned, 21U);
}

TEST_F(PoolRestartTest, KillingAllWorkersIsNoCrashLoop) {
  auto& pool = makePool({.min = 2, .max = 2});
  valueOf(pool.start());
  for (int i = 0; i < 20; ++i) {
    const auto before = pool.workers();
    valueOf(pool.killWorkers());
    for (const auto& worker : before) EXPECT_EQ(::kill(worker.pid, 0), -1) << "it is not reaped";
    EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(i, 1)), i + 1);
  }
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolRestartTest, AWorkerThatAnOutsiderKillsAtItsStartIsBadLuckManyAreNot) {
  const std::string flag = directory_ + "/flag";
  std::ofstream(flag) << "x";
  auto& pool = makePool(
      {.worker = {"/bin/sh", "-c", "test -e " + flag + " && kill -9 $$; exec " + thisProgram()},
       .min = 0,
       .max = 1,
       .startTimeout = hours(1000)},
      &clock_);
  auto patient = pool.deferToProcess<jobs::add>(1, 2);
  const auto killedTimes = [&](std::uint64_t deaths) {
    runUntil([&] {
      if (pool.stats().workers == 0) clock_.advance(milliseconds(10));
      return pool.stats().deaths >= deaths;
    });
  };
  killedTimes(10);
  EXPECT_EQ(pool.stats().failed, 0U);
  std::filesystem::remove(flag);
  runUntil([&] {
    if (pool.stats().workers == 0) clock_.advance(milliseconds(10));
    return pool.stats().succeeded == 1;
  });
  EXPECT_EQ(valueOf(std::move(patient)), 3);
  std::ofstream(flag) << "x";
  ASSERT_EQ(::kill(pool.workers().front().pid, SIGKILL), 0);
  auto hopeless = pool.deferToProcess<jobs::add>(1, 2);
  runUntil([&] {
    if (pool.stats().workers == 0) clock_.advance(milliseconds(10));
    return pool.stats().failed == 1;
  });
  const Failure failure = failureOf(std::move(hopeless));
  EXPECT_TRUE(failure.check<StartupFailed>()) << failure.message();
}

TEST_F(PoolRestartTest, AfterGivingUpItTriesAgainByItselfForTheSakeOfMin) {
  const std::string path = directory_ + "/worker";
  auto& pool =
      makePool({.worker = {path}, .min = 2, .max = 2, .startTimeout = hours(1000)}, &clock_);
  EXPECT_TRUE(failureOf(pool.start()).check<StartupFailed>());
  passTurns();
  EXPECT_EQ(pool.stats().spawned, 1U);
  for (int tries = 2; tries < 6; ++tries) {
    runUntil([&] {
      clock_.advance(milliseconds(100));
      return pool.stats().deaths == static_cast<std::uint64_t>(tries);
    });
    EXPECT_EQ(pool.stats().spawned, static_cast<std::uint64_t>(tries)) << "one at a time";
    EXPECT_TRUE(failureOf(pool.deferToProcess<jobs::add>(1, 2)).check<StartupFailed>());
  }
  std::filesystem::create_symlink(thisProgram(), path);
  clock_.advance(RestartOptions{}.longestPause);
  runUntil([&] { return pool.stats().idle == 2; });
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
}

TEST_F(PoolRestartTest, AfterGivingUpOneWorkerAtATimeIsTried) {
  auto& pool = makePool({.worker = {"/bin/false"}, .min = 7, .max = 7}, &clock_);
  bool failed = false;
  pool.start().addErrback([&](const Failure&) { failed = true; });
  // Some may die before the last has been started: then there is a pause before the fifth death.
  runUntil([&] {
    if (!failed && pool.stats().workers == 0) clock_.advance(milliseconds(10));
    return failed && pool.stats().workers == 0;
  });
  const auto before = pool.stats().spawned;
  for (std::uint64_t tries = 1; tries <= 3; ++tries) {
    clock_.advance(RestartOptions{}.longestPause);
    runUntil([&] { return pool.stats().deaths == before + tries && pool.stats().workers == 0; });
    EXPECT_EQ(pool.stats().spawned, before + tries);
  }
}

TEST_F(PoolRestartTest, TheOptionsAreHeeded) {
  auto& pool = makePool({.worker = {"false"},
                         .max = 1,
                         .restart = {.firstPause = seconds(7), .failedStarts = 2},
                         .startTimeout = hours(1000)},
                        &clock_);
  EXPECT_TRUE(failureOf(pool.start()).check<StartupFailed>());
  EXPECT_EQ(pool.stats().spawned, 2U);
  clock_.advance(seconds(3));
  passTurns();
  EXPECT_EQ(pool.stats().spawned, 2U);
  clock_.advance(seconds(4));
  EXPECT_EQ(pool.stats().spawned, 3U);
  EXPECT_THROW(ProcessPool(*reactor_, {.restart = {.failedStarts = 0}}), std::invalid_argument);
}

// Jobs that run again.

class PoolRerunTest : public PoolRestartTest {
 protected:
  /// A job that has killed one worker and waits, its replacement being ready.
  Deferred<std::string> restingJob(ProcessPool& pool, JobOptions options = {}) {
    options.rerun = Rerun::always;
    auto job = pool.with(std::move(options)).deferToProcess<jobs::dieOnce>(directory_ + "/died");
    runUntil([&] { return pool.stats().deaths == 1 && pool.stats().idle == 1; });
    EXPECT_EQ(pool.stats().queued, 1U);
    return job;
  }
};

TEST_F(PoolRerunTest, AJobThatKilledItsWorkerWaitsBeforeItRunsAgain) {
  auto& pool = makeClocked(1);
  auto job = restingJob(pool);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3) << "others need not wait";
  clock_.advance(milliseconds(4));
  passTurns();
  EXPECT_EQ(pool.stats().queued, 1U);
  clock_.advance(milliseconds(6));
  EXPECT_EQ(valueOf(std::move(job)), "second time");
}

TEST_F(PoolRerunTest, ItWaitsLongerEachTime) {
  auto& pool = makeClocked(1);
  auto job =
      pool.with({.rerun = Rerun::always, .maxAttempts = 4}).deferToProcess<jobs::dieOf>(SIGKILL);
  for (int deaths = 1; deaths <= 3; ++deaths) {
    runUntil([&] {
      return pool.stats().deaths == static_cast<std::uint64_t>(deaths) && pool.stats().idle == 1;
    });
    clock_.advance(milliseconds(5) * (1 << (deaths - 1)) - milliseconds(1));
    EXPECT_EQ(pool.stats().queued, 1U);
    clock_.advance(milliseconds(5) * (1 << (deaths - 1)) + milliseconds(1));
  }
  EXPECT_TRUE(failureOf(std::move(job)).check<PoisonJob>());
}

TEST_F(PoolRerunTest, AWaitingJobMayBeCancelled) {
  auto& pool = makeClocked(1);
  auto job = restingJob(pool);
  job.cancel();
  EXPECT_TRUE(failureOf(std::move(job)).check<CancelledError>());
  EXPECT_EQ(pool.stats().queued, 0U);
  clock_.advance(seconds(1));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
}

TEST_F(PoolRerunTest, AWaitingJobsDeadlineCounts) {
  auto& pool = makeClocked(1);
  auto job = restingJob(pool, {.deadline = clock_.now() + milliseconds(3)});
  clock_.advance(milliseconds(4));
  EXPECT_TRUE(failureOf(std::move(job)).check<DeadlineExceeded>());
}

TEST_F(PoolRerunTest, StopFailsAWaitingJob) {
  auto& pool = makeClocked(1);
  auto job = restingJob(pool);
  auto stopped = pool.stop();
  EXPECT_TRUE(failureOf(std::move(job)).check<PoolStopped>());
  valueOf(std::move(stopped));
}

TEST_F(PoolRerunTest, StopThatRunsTheQueueRunsAWaitingJobToo) {
  auto& pool = makeClocked(1);
  auto job = restingJob(pool);
  auto stopped = pool.stop({.drainQueue = true});
  passTurns();
  EXPECT_FALSE(stopped.called());
  clock_.advance(milliseconds(10));
  EXPECT_EQ(valueOf(std::move(job)), "second time");
  valueOf(std::move(stopped));
}

TEST_F(PoolRerunTest, APoolMayBeDestroyedWhileAJobWaits) {
  auto& pool = makeClocked(1);
  auto job = restingJob(pool);
  pool_.reset();
  EXPECT_TRUE(failureOf(std::move(job)).check<PoolStopped>());
  EXPECT_EQ(clock_.pending(), 0U);
}

TEST_F(PoolRerunTest, AnExceptionIsAResultAndNotTriedAgain) {
  auto& pool = makeClocked(1);
  const Failure failure =
      failureOf(pool.with({.rerun = Rerun::always}).deferToProcess<jobs::throwWool>("thin"));
  EXPECT_TRUE(failure.check("jobs::WoolError"));
  EXPECT_EQ(pool.stats().rerun, 0U);
  EXPECT_EQ(pool.stats().spawned, 1U);
}

}  // namespace
}  // namespace phial
