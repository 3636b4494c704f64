// Real faults: the template, its spare, its workers and its master are killed.
#include <fcntl.h>
#include <kj/io.h>
#include <phial/master/process.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <set>

#include "warm_fixture.h"

namespace phial {

void runWarmMaster() {
  const std::string path = std::getenv(kWarmMasterVariable);
  Reactor reactor;
  ProcessPool pool(reactor, {.name = "warm",
                             .min = kWarmMasterWorkers,
                             .max = kWarmMasterWorkers,
                             .warm = prepareWith<warm_jobs::load>(path, "ready"),
                             .onStart = startWith<warm_jobs::note>(path)});
  pool.start();
  reactor.run();
}

namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class WarmFaultTest : public WarmPoolTest {
 protected:
  WorkerOrigin lastOrigin() const { return deaths_->all.back().origin; }
};

TEST_F(WarmFaultTest, WhenTheTemplateIsKilledItsWorkersServeOnAndANewOneIsPrepared) {
  auto& pool = loadingPool(2);
  valueOf(pool.start());
  const pid_t before = killTemplate();
  runUntil([&] { return log_.str().find("the template (pid") != std::string::npos; });
  EXPECT_THAT(log_.str(), HasSubstr("killed by SIGKILL; workers are spawned until"));
  EXPECT_EQ(pool.stats().deaths, 0U);
  EXPECT_EQ(stateOf(), "ready");
  EXPECT_NE(awaitSpare().leader, before);
  EXPECT_THAT(notes(), SizeIs(2));
  killWorker();
  EXPECT_EQ(stateOf(), "ready");
  EXPECT_EQ(pool.stats().deaths, 1U);
}

TEST_F(WarmFaultTest, WorkersAreSpawnedAndPrepareThemselvesWhileThereIsNoTemplate) {
  auto& pool = warmPool({.min = 1, .max = 1, .warm = prepareWith<warm_jobs::load>(notes_, "ready")},
                        &clock_);
  valueOf(pool.start());
  // The first is replaced at once, the second after a pause on the pool's clock.
  for (int i = 0; i < 2; ++i) killTemplate();
  runUntil([&] { return family().leader == 0; });
  killWorker();
  EXPECT_EQ(stateOf(), "ready");
  EXPECT_THAT(notes(), Contains(pool.workers().front().pid));
  killWorker();
  EXPECT_EQ(lastOrigin(), WorkerOrigin::spawned);
  EXPECT_EQ(stateOf(), "ready");
  clock_.advance(std::chrono::seconds(1));
  awaitSpare();
  // The pool hears of the spare a moment later.
  while (lastOrigin() == WorkerOrigin::spawned) {
    killWorker();
    EXPECT_EQ(stateOf(), "ready");
    clock_.advance(std::chrono::seconds(1));
  }
}

TEST_F(WarmFaultTest, ATemplateThatIsKilledWhileItPreparesFallsBackToSpawnedWorkers) {
  warmPool({.min = 1, .max = 1, .warm = prepareWith<warm_jobs::hangOnce>(notes_)});
  auto job = pool_->deferToProcess<warm_jobs::state>();
  runUntil([&] { return notes().size() == 1; });
  ::kill(notes().front(), SIGKILL);
  EXPECT_EQ(valueOf(std::move(job)), "at last");
  EXPECT_EQ(pool_->stats().deaths, 0U);
}

TEST_F(WarmFaultTest, ATemplateThatIsKilledWhileAWorkerWaitsForItFallsBackToo) {
  auto& pool = loadingPool();
  valueOf(pool.start());
  const auto before = awaitSpare();
  ::kill(before.leader, SIGSTOP);
  killWorker();
  EXPECT_EQ(stateOf(), "ready") << "from the spare";
  killWorker();
  auto job = pool.deferToProcess<warm_jobs::state>();
  runUntil([&] { return pool.stats().starting == 1; });
  passTurns();
  EXPECT_EQ(pool.workers().front().pid, 0) << "there is no other spare";
  ::kill(before.leader, SIGKILL);
  EXPECT_EQ(valueOf(std::move(job)), "ready");
  killWorker();
  EXPECT_EQ(lastOrigin(), WorkerOrigin::spawned);
}

TEST_F(WarmFaultTest, AWorkerDoesNotEndWithTheTemplateThatItHasJustBeenForkedFrom) {
  auto& pool = loadingPool();
  valueOf(pool.start());
  const auto before = awaitSpare();
  ::kill(before.leader, SIGSTOP);
  killWorker();
  // The spare is connected by now, and has perhaps not run since.
  runUntil([&] { return !pool.workers().empty() && pool.workers().front().pid != 0; });
  EXPECT_EQ(pool.workers().front().pid, before.spares.front());
  ::kill(before.leader, SIGKILL);
  EXPECT_EQ(stateOf(), "ready");
  EXPECT_EQ(pool.stats().deaths, 1U);
}

TEST_F(WarmFaultTest, ATemplateThatHangsIsReplaced) {
  auto& pool = warmPool({.min = 1,
                         .max = 1,
                         .startTimeout = std::chrono::seconds(10),
                         .warm = prepareWith<warm_jobs::load>(notes_, "ready")},
                        &clock_);
  valueOf(pool.start());
  const auto before = awaitSpare();
  ::kill(before.leader, SIGSTOP);
  killWorker();
  EXPECT_EQ(stateOf(), "ready");
  clock_.advance(std::chrono::seconds(11));
  runUntil(
      [&] { return log_.str().find("it did not fork a worker in time") != std::string::npos; });
  EXPECT_NE(awaitSpare().leader, before.leader);
}

TEST_F(WarmFaultTest, ASpareThatIsKilledIsReplaced) {
  auto& pool = loadingPool();
  valueOf(pool.start());
  const auto before = awaitSpare();
  ::kill(before.spares.front(), SIGKILL);
  runUntil([&] {
    const auto now = family();
    return now.spares.size() == 1 && now.spares != before.spares;
  });
  killWorker();
  EXPECT_EQ(stateOf(), "ready");
  EXPECT_EQ(family().leader, before.leader);
}

TEST_F(WarmFaultTest, AWorkerThatIsKilledWhileItStartsIsReplaced) {
  const std::string fifo = makeFifo("start");
  auto& pool = warmPool({.min = 1,
                         .max = 1,
                         .warm = prepareWith<warm_jobs::load>(notes_, "ready"),
                         .onStart = startWith<warm_jobs::wait>(fifo)});
  auto job = pool.deferToProcess<warm_jobs::state>();
  runUntil([&] { return !pool.workers().empty() && pool.workers().front().pid != 0; });
  killWorker();
  EXPECT_EQ(lastOrigin(), WorkerOrigin::fromTemplate);
  letGo(fifo);
  EXPECT_EQ(valueOf(std::move(job)), "ready");
  EXPECT_THAT(notes(), SizeIs(1));
}

TEST_F(WarmFaultTest, NothingIsLostInAHundredKills) {
  constexpr std::size_t kJobs = 1500;
  constexpr std::size_t kKills = 100;
  auto& pool = loadingPool(2);
  valueOf(pool.start());
  std::size_t ended = 0;
  std::uint64_t failed = 0;
  for (int i = 0; i < static_cast<int>(kJobs); ++i) {
    (void)pool.with(JobOptions{.rerun = Rerun::always, .maxAttempts = 1000})
        .deferToProcess<warm_jobs::workAndSquare>(i)
        .addBoth([&, i](Outcome<int> outcome) {
          ++ended;
          if (outcome.ok()) {
            EXPECT_EQ(outcome.value(), i * i);
            return;
          }
          // A job that meets the end of several workers before they have taken it up gives up.
          ++failed;
          EXPECT_TRUE(outcome.failure().check<WorkerDied>()) << outcome.failure().describe();
        });
  }
  std::set<pid_t> killed;
  runUntil([&] {
    for (const auto& worker : pool.workers()) {
      const bool works = worker.state == WorkerState::busy && worker.pid != 0;
      const bool due = ended / (kJobs / (kKills + 10)) > killed.size();
      if (!works || !due || killed.size() == kKills || killed.contains(worker.pid)) continue;
      ::kill(worker.pid, SIGKILL);
      killed.insert(worker.pid);
    }
    EXPECT_TRUE(pool.stats().balanced());
    return ended == kJobs;
  });
  EXPECT_EQ(killed.size(), kKills);
  EXPECT_EQ(pool.stats().failed, failed);
  EXPECT_EQ(pool.stats().succeeded + failed, kJobs);
  EXPECT_LT(failed, kKills);
  EXPECT_THAT(deaths_->all, Each(Field(&DeathCertificate::origin, WorkerOrigin::fromTemplate)));
  EXPECT_THAT(notes(), SizeIs(1)) << "one template has served them all";
}

TEST_F(WarmFaultTest, NothingOutlivesAMasterThatIsKilled) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  SpawnOptions options;
  options.executable = "/proc/self/exe";
  options.environment.changes[kWarmMasterVariable] = notes_;
  options.descriptors = {{2, InheritedFd{2}}};
  std::optional<Process> master(reactor_->spawnProcess(options));
  // The template and its workers have noted themselves.
  runUntil([&] { return notes().size() == 1 + kWarmMasterWorkers; });
  const auto noted = notes();
  // The spare is stopped: no code of its own takes part in its end.
  std::set<pid_t> children;
  runUntil([&] {
    children.clear();
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const pid_t pid = std::atoi(entry.path().filename().c_str());
      const auto stat = pid > 0 ? statOf(pid) : std::nullopt;
      if (stat && stat->parent == master->pid()) children.insert(pid);
    }
    return children.size() == 2 + kWarmMasterWorkers;
  });
  for (const pid_t child : children) ::kill(child, SIGSTOP);
  master->kill(SIGKILL);
  runUntil([&] { return master->status().has_value(); });
  for (const pid_t orphan : children) {
    int status = 0;
    runUntil([&] { return ::waitpid(orphan, &status, WNOHANG) == orphan; });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << orphan;
  }
  master.reset();
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST_F(WarmFaultTest, AShortageOfDescriptorsDelaysAWorkerAndLosesNothing) {
#ifdef PHIAL_ADDRESS_SANITIZER
  GTEST_SKIP() << "UndefinedBehaviorSanitizer opens a pipe to look whether an object is one";
#endif
  auto& pool = loadingPool();
  valueOf(pool.start());
  awaitSpare();
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit few = before;
  few.rlim_cur = 256;
  ::setrlimit(RLIMIT_NOFILE, &few);
  std::vector<kj::AutoCloseFd> taken;
  const auto takeAll = [&] {
    for (int fd; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken.emplace_back(fd);
  };
  takeAll();
  auto job = pool.deferToProcess<warm_jobs::state>();
  ::kill(pool.workers().front().pid, SIGKILL);
  // The next worker may get the numbers of the last one before they are taken here. If not, the
  // pool is short of them, or the worker that has waited for its template, or the template's next
  // spare.
  std::optional<Outcome<std::string>> early;
  std::move(job).addBoth([&](Outcome<std::string> outcome) { early = std::move(outcome); });
  runUntil([&] {
    takeAll();
    return early || log_.str().find("tries again") != std::string::npos;
  });
  taken.clear();
  ::setrlimit(RLIMIT_NOFILE, &before);
  runUntil([&] { return early.has_value(); });
  EXPECT_TRUE(early->ok() || early->failure().check<WorkerDied>());
  EXPECT_EQ(stateOf(), "ready");
  EXPECT_THAT(notes(), SizeIs(1));
}

}  // namespace
}  // namespace phial
