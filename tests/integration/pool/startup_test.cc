// Workers that do not get ready: what the callers are told, and how often the pool tries.
#include <phial/protocol/worker_contract.h>
#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "startup_fixture.h"

namespace phial {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(PoolStartupTest, AMissingProgramFailsStartAndEachJobWithTheErrnoText) {
  auto& pool = makePoolOf({directory_ + "/nothing"});
  expectMissing(failureOf(pool.start()), "No such file or directory");
  expectMissing(failureOf(pool.start()), "No such file or directory");
  expectMissing(failureOf(pool.deferToProcess<jobs::add>(1, 2)), "No such file or directory");
  EXPECT_EQ(pool.stats().failed, 1U);
}

TEST_F(PoolStartupTest, AMissingProgramFailsAllJobsThatWait) {
  auto& pool = makePoolOf({"phial-no-such-program-in-path"});
  auto first = pool.deferToProcess<jobs::add>(1, 2);
  auto second = pool.deferToProcess<jobs::add>(1, 2);
  expectMissing(failureOf(std::move(first)), "No such file or directory");
  expectMissing(failureOf(std::move(second)), "No such file or directory");
  EXPECT_EQ(pool.stats().spawned, 1U);
}

TEST_F(PoolStartupTest, AMissingProgramIsNotTriedAgainWhileNobodyAsks) {
  auto& pool = makePool({.worker = {directory_ + "/nothing"}, .min = 0, .max = 1}, &clock_);
  failureOf(pool.deferToProcess<jobs::add>(1, 2));
  for (int i = 0; i < 20; ++i) {
    clock_.advance(seconds(100));
    valueOf(deferLater(*reactor_, Duration::zero(), [] {}));
  }
  EXPECT_EQ(pool.stats().spawned, 1U);
}

TEST_F(PoolStartupTest, AMissingProgramIsTriedOnceMoreForAJobAfterThePause) {
  auto& pool = makePool({.worker = {directory_ + "/nothing"}, .min = 0, .max = 1}, &clock_);
  failureOf(pool.deferToProcess<jobs::add>(1, 2));
  for (int i = 0; i < 100; ++i) {
    auto job = pool.deferToProcess<jobs::add>(1, 2);
    EXPECT_FALSE(job.called());
    expectMissing(failureOf(std::move(job)), "No such file or directory");
  }
  EXPECT_EQ(pool.stats().spawned, 1U);
  clock_.advance(seconds(2));
  auto first = pool.deferToProcess<jobs::add>(1, 2);
  auto second = pool.deferToProcess<jobs::add>(1, 2);
  failureOf(std::move(first));
  failureOf(std::move(second));
  EXPECT_EQ(pool.stats().spawned, 2U);
}

TEST_F(PoolStartupTest, AProgramThatAppearsIsUsedAfterThePause) {
  const std::string path = directory_ + "/worker";
  auto& pool = makePoolOf({path});
  failureOf(pool.start());
  std::filesystem::create_symlink(std::filesystem::read_symlink("/proc/self/exe"), path);
  failureOf(pool.deferToProcess<jobs::add>(1, 2));
  clock_.advance(seconds(2));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
}

TEST_F(PoolStartupTest, AFileThatMayNotBeExecutedIsNamedWithTheErrnoText) {
  auto& pool = makePoolOf({makeFile("plain", 0600)});
  const Failure failure = failureOf(pool.start());
  expectMissing(failure, "Permission denied");
  EXPECT_THAT(failure.describe(), HasSubstr(directory_ + "/plain"));
  EXPECT_THAT(failure.describe(), HasSubstr("could not be spawned"));
}

TEST_F(PoolStartupTest, ADirectoryIsNoProgram) {
  expectMissing(failureOf(makePoolOf({directory_}).start()), "Permission denied");
}

TEST_F(PoolStartupTest, AFileOfNoKnownFormatIsNoProgram) {
  expectMissing(failureOf(makePoolOf({makeFile("text", 0700)}).start()), "Exec format error");
}

TEST_F(PoolStartupTest, AProgramThatExitsAtOnceIsGivenUpWithItsStatus) {
  const Failure failure = startupFailureOf({"true"});
  EXPECT_THAT(failure.describe(), HasSubstr("exited with status 0 while starting"));
  EXPECT_THAT(failure.describe(), HasSubstr("it did not get ready"));
}

TEST_F(PoolStartupTest, AProgramThatComplainsIsGivenUpWithItsWordsAndStatus) {
  const Failure failure = startupFailureOf({"/bin/sh", "-c", "echo out of cheese >&2; exit 3"});
  EXPECT_THAT(failure.describe(), HasSubstr("exited with status 3"));
  EXPECT_THAT(failure.describe(), HasSubstr("out of cheese"));
  const auto& death = failure.as<StartupFailed>()->certificate();
  EXPECT_EQ(death.status, ExitStatus(Exited{3}));
  EXPECT_EQ(death.cause, DeathCause::startup);
  EXPECT_THAT(death.stderrTail, ElementsAre("out of cheese"));
}

TEST_F(PoolStartupTest, JobsThatWaitForAFailingProgramFailWithIt) {
  auto& pool = makePoolOf({"/bin/sh", "-c", "exit 3"});
  auto other = pool.deferToProcess<jobs::add>(1, 2);
  const Failure failure = failureOverPauses(pool, pool.deferToProcess<jobs::add>(1, 2));
  EXPECT_TRUE(failure.check<StartupFailed>());
  EXPECT_TRUE(failureOf(std::move(other)).check<StartupFailed>());
  EXPECT_EQ(pool.stats().spawned, kGiveUpAfter);
  EXPECT_EQ(pool.stats().failed, 2U);
}

TEST_F(PoolStartupTest, TheTriesHavePausesBetweenThem) {
  auto& pool = makePoolOf({"true"});
  auto started = pool.start();
  // The first failure may be bad luck and is followed at once; then only time brings the next.
  runUntil([&] { return pool.stats().deaths == 2; });
  for (int i = 0; i < 20; ++i) valueOf(deferLater(*reactor_, Duration::zero(), [] {}));
  EXPECT_EQ(pool.stats().spawned, 2U);
  EXPECT_FALSE(started.called());
  clock_.advance(seconds(1));
  EXPECT_EQ(pool.stats().spawned, 3U);
  failureOverPauses(pool, std::move(started));
}

TEST_F(PoolStartupTest, JobsDoNotWaitForAWorkerThatIsStartingStillWhenFiveHaveFailed) {
  const std::string first = directory_ + "/first";
  auto& pool =
      makePool({.worker = {"/bin/sh", "-c", "mkdir " + first + " && exec sleep 1000; exit 3"},
                .min = 2,
                .max = 2,
                .startTimeout = std::chrono::hours(1)},
               &clock_);
  auto job = pool.deferToProcess<jobs::add>(1, 2);
  runUntil([&] {
    const auto stats = pool.stats();
    const bool pausing = stats.workers == 1 && stats.spawned <= kGiveUpAfter;
    if (pausing) clock_.advance(std::chrono::milliseconds(100));
    return job.called();
  });
  EXPECT_TRUE(failureOf(std::move(job)).check<StartupFailed>());
  EXPECT_EQ(pool.stats().starting, 1U);
  EXPECT_EQ(pool.stats().deaths, kGiveUpAfter);
  EXPECT_EQ(pool.stats().spawned, 1 + kGiveUpAfter);
}

TEST_F(PoolStartupTest, AFailedStartIsJudgedBeforeItIsReplaced) {
  constexpr std::size_t kWorkers = 4;
  const auto fifo = makeFifo("go");
  const int go = ::open(fifo.c_str(), O_RDWR | O_CLOEXEC);
  auto& pool = makePool({.worker = {"/bin/sh", "-c", "read x <" + fifo + "; printf 'Welcome' >&4"},
                         .min = kWorkers,
                         .max = kWorkers},
                        &clock_);
  pool.start().addErrback([](const Failure&) {});
  runUntil([&] { return pool.stats().starting == kWorkers; });
  // A line for each; then the loop stands still until all have failed, and finds it all at once.
  ASSERT_EQ(::write(go, "\n\n\n\n", kWorkers), static_cast<ssize_t>(kWorkers));
  for (const auto& worker : pool.workers()) {
    siginfo_t info;
    ::waitid(P_PID, static_cast<id_t>(worker.pid), &info, WEXITED | WNOWAIT);
  }
  // In the turn in which the ends are seen, before what was written is heard and they are judged.
  std::uint64_t spawned = 0;
  reactor_->callLater(Duration::zero(), [&] {
    EXPECT_EQ(pool.stats().starting, 0U);
    EXPECT_EQ(pool.stats().deaths, 0U);
    pool.adjustPoolSize(kWorkers, kWorkers).addErrback([](const Failure&) {});
    spawned = pool.stats().spawned;
  });
  runUntil([&] { return spawned != 0; });
  EXPECT_EQ(spawned, kWorkers);
  ::close(go);
}

TEST_F(PoolStartupTest, AProgramThatNeverAnswersIsEndedInTime) {
  auto& pool =
      makePool({.worker = {"sleep", "1000"}, .max = 1, .startTimeout = seconds(10)}, &clock_);
  std::optional<Failure> failure;
  pool.start().addErrback([&](const Failure& f) { failure = f; });
  clock_.advance(seconds(9));
  EXPECT_EQ(pool.stats().starting, 1U);
  clock_.advance(seconds(2));
  EXPECT_EQ(pool.stats().starting, 0U);
  runUntil([&] {
    const auto stats = pool.stats();
    const bool waiting = stats.starting > 0 || stats.spawned < kGiveUpAfter;
    if (!failure && waiting && stats.workers == stats.starting) clock_.advance(seconds(11));
    return failure.has_value();
  });
  EXPECT_TRUE(failure->check<StartupFailed>());
  EXPECT_THAT(failure->describe(), HasSubstr("it did not answer the handshake in time"));
  EXPECT_THAT(failure->describe(), HasSubstr("killed by SIGKILL"));
  EXPECT_EQ(pool.stats().spawned, kGiveUpAfter);
}

TEST_F(PoolStartupTest, AProgramThatNeverServesIsNamedSo) {
  const Failure failure = startupFailureOf({child("never_serves")});
  EXPECT_THAT(failure.describe(), HasSubstr("never called phial::serveIfWorker(argc, argv)"));
  EXPECT_EQ(failure.as<StartupFailed>()->certificate().status,
            ExitStatus(Exited{kNeverServedStatus}));
}

TEST_F(PoolStartupTest, AProgramThatNeverServesIsNoForkBomb) {
  const std::string census = directory_ + "/census";
  const Run run = runByHand(child("never_serves"), {{"PHIAL_TEST_CENSUS", census}});
  EXPECT_EQ(run.status, ExitStatus(Exited{0})) << "the job failed with StartupFailed";
  EXPECT_THAT(run.stderrLines, ::testing::Contains(HasSubstr("never called phial::serveIfWorker")));
  EXPECT_THAT(linesOf(census), SizeIs(1 + kGiveUpAfter));
}

TEST_F(PoolStartupTest, AWorkerStartedByHandSaysSoInOneLine) {
  const Run run = runByHand(child("hooks"), {});
  EXPECT_EQ(run.status, ExitStatus(Exited{kNotAWorkerStatus}));
  EXPECT_THAT(run.stderrLines, ElementsAre(HasSubstr("started by a process pool, not by hand")));
}

TEST_F(PoolStartupTest, HooksRunOnceAroundTheJobs) {
  const std::string notes = directory_ + "/notes";
  auto& pool = makePoolOf({child("hooks"), notes});
  valueOf(pool.deferToProcess<void>("note", "job 1"));
  valueOf(pool.deferToProcess<void>("note", "job 2"));
  valueOf(pool.stop());
  EXPECT_THAT(linesOf(notes), ElementsAre("first start", "second start", "job 1", "job 2",
                                          "second stop", "first stop"));
}

TEST_F(PoolStartupTest, OnStopDoesNotRunInAWorkerThatIsKilled) {
  const std::string notes = directory_ + "/notes";
  auto& pool = makePoolOf({child("hooks"), notes});
  valueOf(pool.start());
  valueOf(pool.stop({.within = Duration::zero()}));
  EXPECT_THAT(linesOf(notes), ElementsAre("first start", "second start"));
}

TEST_F(PoolStartupTest, AWorkerIsFoundInPathAndGetsItsArguments) {
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", (std::string(PHIAL_CHILDREN ":") + before).c_str(), 1);
  const std::string notes = directory_ + "/notes of a worker";
  auto& pool = makePoolOf({"phial_child_hooks", notes});
  valueOf(pool.start());
  ::setenv("PATH", before.c_str(), 1);
  EXPECT_THAT(linesOf(notes), ElementsAre("first start", "second start"));
}

TEST_F(PoolStartupTest, AFailedStartBesideAHealthyWorkerFailsNoJob) {
  const std::string path = directory_ + "/worker";
  std::filesystem::create_symlink(std::filesystem::read_symlink("/proc/self/exe"), path);
  auto& pool = makePool({.worker = {path}, .min = 1, .max = 2}, &clock_);
  valueOf(pool.start());
  const auto block = makeFifo("block");
  auto running = pool.deferToProcess<jobs::waitFor>(block);
  runUntil([&] { return pool.stats().running == 1; });
  std::filesystem::remove(path);
  auto waiting = pool.deferToProcess<jobs::add>(1, 2);
  runUntil([&] { return pool.stats().deaths == 1; });
  EXPECT_EQ(pool.stats().queued, 1U);
  letGo(block);
  valueOf(std::move(running));
  EXPECT_EQ(valueOf(std::move(waiting)), 3);
  EXPECT_EQ(pool.stats().failed, 0U);
}

TEST_F(PoolStartupTest, AHealthyWorkersAnswersDoNotEndThePausesOfFailingStarts) {
  const std::string flag = directory_ + "/flag";
  const auto program = std::filesystem::read_symlink("/proc/self/exe").string();
  auto& pool =
      makePool({.worker = {"/bin/sh", "-c", "test -e " + flag + " && exit 3; exec " + program},
                .min = 1,
                .max = 2},
               &clock_);
  valueOf(pool.start());
  makeFile("flag", 0600);
  for (int i = 0; i < 10; ++i) {
    auto first = pool.deferToProcess<jobs::add>(1, 2);
    EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
    EXPECT_EQ(valueOf(std::move(first)), 3);
    runUntil([&] { return pool.stats().workers == 1; });
  }
  // The healthy one, the first failure, the replacement that follows at once, and no more.
  EXPECT_EQ(pool.stats().spawned, 3U);
}

}  // namespace
}  // namespace phial
