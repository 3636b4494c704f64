// What a worker's death means for its job, for the others, and for the pool. Real signals all.
#include <signal.h>

#include "pool_fixture.h"

namespace phial {
namespace {

using ::testing::HasSubstr;

using PoolDeathTest = PoolTest;

TEST_F(PoolDeathTest, TheJobThatRanFailsWithACertificate) {
  auto& pool = makePool({.max = 1});
  valueOf(pool.deferToProcess<jobs::add>(1, 2));
  const pid_t pid = pool.workers().front().pid;
  const Failure failure = failureOf(
      pool.with({.label = "doomed"}).deferToProcess<jobs::complainAndAbort>("last words"));
  ASSERT_TRUE(failure.check<WorkerDied>());
  const DeathCertificate& death = failure.as<WorkerDied>()->certificate();
  ASSERT_TRUE(std::holds_alternative<Signalled>(death.status));
  EXPECT_EQ(std::get<Signalled>(death.status).signal, SIGABRT);
  EXPECT_EQ(death.pid, pid);
  EXPECT_EQ(death.worker, 1U);
  EXPECT_EQ(death.cause, DeathCause::crash);
  EXPECT_EQ(death.phase, Phase::running);
  EXPECT_EQ(death.begun, DeathCertificate::Begun::yes);
  EXPECT_EQ(death.job, 2U);
  EXPECT_EQ(death.function, "jobs::complainAndAbort");
  EXPECT_EQ(death.label, "doomed");
  EXPECT_EQ(death.jobsServed, 1U);
  EXPECT_GT(death.uptime.count(), 0);
  EXPECT_THAT(printedBy(death), ::testing::Contains("last words"));
  EXPECT_THAT(failure.describe(), HasSubstr("killed by SIGABRT"));
  EXPECT_THAT(failure.describe(), HasSubstr("jobs::complainAndAbort \"doomed\""));
  EXPECT_THAT(failure.describe(), HasSubstr("last words"));
  EXPECT_THAT(log_.str(), HasSubstr("killed by SIGABRT"));
}

TEST_F(PoolDeathTest, ACrashFailsNoOtherJob) {
  auto& pool = makePool({.min = 2, .max = 2});
  std::vector<Deferred<int>> others;
  for (int i = 0; i < 20; ++i) others.push_back(pool.deferToProcess<jobs::add>(i, 1));
  auto doomed = pool.deferToProcess<jobs::dieOf>(SIGSEGV);
  for (int i = 0; i < 20; ++i) others.push_back(pool.deferToProcess<jobs::add>(i, 1));
  EXPECT_TRUE(failureOf(std::move(doomed)).check<WorkerDied>());
  valueOf(gatherResults(std::move(others)));
  EXPECT_EQ(pool.stats().failed, 1U);
}

TEST_F(PoolDeathTest, AJobThatCallsExitIsADeathToo) {
  auto& pool = makePool({.max = 1});
  const Failure failure = failureOf(pool.deferToProcess<jobs::exitWith>(0));
  ASSERT_TRUE(failure.check<WorkerDied>());
  EXPECT_EQ(std::get<Exited>(failure.as<WorkerDied>()->certificate().status).code, 0);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
}

TEST_F(PoolDeathTest, AWorkerThatDiesIdleIsReplaced) {
  auto& pool = makePool({.min = 1, .max = 1});
  valueOf(pool.start());
  const pid_t first = pool.workers().front().pid;
  ASSERT_EQ(::kill(first, SIGKILL), 0);
  runUntil([&] { return pool.stats().deaths == 1 && pool.stats().idle == 1; });
  EXPECT_NE(pool.workers().front().pid, first);
  EXPECT_THAT(log_.str(), HasSubstr("while idle"));
}

TEST_F(PoolDeathTest, AJobThatHadNotBegunRunsElsewhereUncharged) {
  auto& pool = makePool({.min = 1, .max = 1});
  valueOf(pool.start());
  // A stopped worker is sent the job and cannot take it up.
  const pid_t first = pool.workers().front().pid;
  ASSERT_EQ(::kill(first, SIGSTOP), 0);
  auto job = pool.with({.rerun = Rerun::never}).deferToProcess<jobs::whoAmI>();
  runUntil([&] { return pool.stats().running == 1; });
  ASSERT_EQ(::kill(first, SIGKILL), 0);
  EXPECT_NE(valueOf(std::move(job)), first);
  EXPECT_EQ(pool.stats().rerun, 1U);
}

TEST_F(PoolDeathTest, AnAnswerWrittenBeforeADeathCounts) {
  auto& pool = makePool({.max = 1});
  const auto fifo = makeFifo("go");
  auto job = pool.deferToProcess<jobs::answerAndDie>(fifo);
  letGo(fifo);
  // The loop stands still until both are there to be seen, the answer and the death.
  const auto pid = static_cast<id_t>(pool.workers().front().pid);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(valueOf(std::move(job)), 7);
  runUntil([&] { return pool.stats().deaths == 1; });
}

TEST_F(PoolDeathTest, RerunAlwaysRunsTheRunningJobAgain) {
  auto& pool = makePool({.max = 1});
  EXPECT_EQ(
      valueOf(
          pool.with({.rerun = Rerun::always}).deferToProcess<jobs::dieOnce>(directory_ + "/died")),
      "second time");
  EXPECT_EQ(pool.stats().rerun, 1U);
}

TEST_F(PoolDeathTest, AJobThatKillsEachWorkerIsPoison) {
  auto& pool = makePool({.max = 1});
  const Failure failure = failureOf(
      pool.with({.rerun = Rerun::always, .maxAttempts = 3}).deferToProcess<jobs::dieOf>(SIGABRT));
  ASSERT_TRUE(failure.check<PoisonJob>());
  const auto& deaths = failure.as<PoisonJob>()->certificates();
  ASSERT_EQ(deaths.size(), 3U);
  for (const auto& death : deaths) EXPECT_EQ(std::get<Signalled>(death.status).signal, SIGABRT);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
}

TEST_F(PoolDeathTest, GarbageFromAWorkerIsAProtocolErrorOfItsJob) {
  auto& pool = makePool({.max = 1});
  const Failure failure = failureOf(pool.deferToProcess<jobs::writeGarbageAndHang>());
  EXPECT_TRUE(failure.check<ProtocolError>()) << failure.message();
  EXPECT_THAT(failure.describe(), HasSubstr("broke the protocol"));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
}

TEST_F(PoolDeathTest, HalfAFrameAndADeathIsACrashOfItsJob) {
  auto& pool = makePool({.max = 1});
  // Many times: the end of the pipe is often seen before that of the process.
  for (int i = 0; i < 20; ++i) {
    const Failure failure = failureOf(pool.deferToProcess<jobs::writeHalfAFrameAndDie>());
    ASSERT_TRUE(failure.check<WorkerDied>()) << failure.message();
    const auto& death = failure.as<WorkerDied>()->certificate();
    EXPECT_EQ(death.cause, DeathCause::crash);
    EXPECT_EQ(death.status, ExitStatus(Signalled{SIGKILL}));
    EXPECT_EQ(death.phase, Phase::running);
  }
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
}

TEST_F(PoolDeathTest, AWorkerThatClosesItsPipeInsideAMessageAndLivesIsEnded) {
  auto& pool = makePool({.max = 1});
  const Failure failure = failureOf(pool.deferToProcess<jobs::closeReplyPipeInsideAMessage>());
  EXPECT_TRUE(failure.check<ProtocolError>()) << failure.message();
  EXPECT_THAT(failure.describe(), HasSubstr("in the middle of a message and lived on"));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
}

TEST_F(PoolDeathTest, AWorkerThatClosesItsPipeAndLivesIsEnded) {
  auto& pool = makePool({.max = 1});
  const Failure failure = failureOf(pool.deferToProcess<jobs::closeReplyPipeAndHang>());
  EXPECT_TRUE(failure.check<ProtocolError>());
  EXPECT_THAT(failure.describe(), HasSubstr("closed its reply pipe and lived on"));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
}

TEST_F(PoolDeathTest, BookkeepingAndReplacementComeBeforeTheCallersCallback) {
  auto& pool = makePool({.min = 1, .max = 1});
  bool looked = false;
  valueOf(pool.deferToProcess<jobs::dieOf>(SIGKILL).addErrback([&](const Failure&) {
    EXPECT_TRUE(pool.stats().balanced());
    EXPECT_EQ(pool.stats().failed, 1U);
    EXPECT_EQ(pool.stats().starting, 1U);
    looked = true;
  }));
  EXPECT_TRUE(looked);
}

TEST_F(PoolDeathTest, TenThousandJobsSurviveAKillEveryFiftyMilliseconds) {
#if defined(PHIAL_THREAD_SANITIZER) || defined(PHIAL_ADDRESS_SANITIZER)
  constexpr int kJobs = 200;  // a worker takes several kills' time to start
#else
  constexpr int kJobs = 10'000;
#endif
  auto& pool = makePool({.min = 4, .max = 4});
  std::vector<int> settled(kJobs, 0);
  int open = kJobs;
  std::uint64_t ok = 0;
  std::uint64_t died = 0;
  for (int i = 0; i < kJobs; ++i) {
    pool.deferToProcess<jobs::isPrime>(100'000'000'003U).addBoth([&, i](Outcome<bool> outcome) {
      ++settled[i];
      if (outcome.ok()) {
        ++ok;
      } else {
        EXPECT_TRUE(outcome.failure().check<WorkerDied>()) << outcome.failure().message();
        ++died;
      }
      if (--open == 0) reactor_->stop();
    });
  }
  std::mt19937 random(20);
  int kills = 0;
  LoopingCall killer(*reactor_, [&] {
    // Those that are up: one that is killed while it starts counts against starting, rightly.
    auto workers = pool.workers();
    std::erase_if(workers, [](const WorkerStatus& worker) {
      return worker.state != WorkerState::idle && worker.state != WorkerState::busy;
    });
    if (workers.empty()) return;
    if (::kill(workers[random() % workers.size()].pid, SIGKILL) == 0) ++kills;
  });
  auto killing = killer.start(std::chrono::milliseconds(50), LoopingCall::First::afterInterval);
  reactor_->run();
  killer.stop();
  valueOf(std::move(killing));
  EXPECT_GT(kills, 0);
  EXPECT_THAT(settled, ::testing::Each(1));
  EXPECT_EQ(ok + died, static_cast<std::uint64_t>(kJobs));
  const auto stats = pool.stats();
  EXPECT_TRUE(stats.balanced());
  EXPECT_EQ(stats.succeeded, ok);
  EXPECT_EQ(stats.failed, died);
  std::printf("%d kills: %lu jobs succeeded, %lu died with their worker, %lu run again\n", kills,
              ok, died, stats.rerun);
}

}  // namespace
}  // namespace phial
