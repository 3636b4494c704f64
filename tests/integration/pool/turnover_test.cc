// Workers that are replaced while they serve: recycling, reload(), growing and shrinking.
#include <kj/io.h>
#include <phial/master/process.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "doomed_master.h"
#include "pool_fixture.h"

namespace phial {
namespace {

/// Puts a copy of this program, with some bytes more, in the place of `path` in one step.
void putProgram(const std::string& path, std::size_t bytesMore) {
  namespace fs = std::filesystem;
  const std::string next = path + ".next";
  fs::copy_file("/proc/self/exe", next, fs::copy_options::overwrite_existing);
  std::ofstream(next, std::ios::app | std::ios::binary) << std::string(bytesMore, ' ');
  fs::permissions(next, fs::perms::owner_all);
  fs::rename(next, path);
}

}  // namespace

void runReloadingMaster() {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  Reactor reactor;
  ProcessPool pool(reactor, {.min = 1, .max = 1});
  const auto print = [](std::uint64_t size) { std::printf("%lu\n", size); };
  pool.deferToProcess<jobs::programSize>()
      .addCallback(print)
      .addCallback([&] {
        putProgram(self, 3);
        return pool.reload();
      })
      .addCallback([&] { return pool.deferToProcess<jobs::programSize>(); })
      .addCallback(print)
      .addErrback([](const Failure& failure) { std::printf("%s\n", failure.message().c_str()); })
      .addBoth([&](auto&&) { return pool.stop(); })
      .addBoth([&](auto&&) { reactor.stop(); });
  reactor.run();
}

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class PoolTurnoverTest : public PoolTest {
 protected:
  std::string thisProgram() const {
    return std::filesystem::read_symlink("/proc/self/exe").string();
  }
  static std::set<pid_t> pidsOf(const ProcessPool& pool) {
    std::set<pid_t> pids;
    for (const auto& worker : pool.workers()) pids.insert(worker.pid);
    return pids;
  }

  /// Keeps `atOnce` jobs submitted until told to end.
  class Load {
   public:
    Load(ProcessPool& pool, int atOnce) : pool_(pool) {
      for (int i = 0; i < atOnce; ++i) submit();
    }
    void end() { ending_ = true; }
    bool idle() const { return open_ == 0; }
    std::uint64_t answered() const { return answered_; }

   private:
    void submit() {
      ++open_;
      pool_.deferToProcess<jobs::isPrime>(100'000'007U).addBoth([this](Outcome<bool> outcome) {
        --open_;
        ++answered_;
        EXPECT_TRUE(outcome.ok()) << outcome.failure().message();
        if (!ending_) submit();
      });
    }

    ProcessPool& pool_;
    bool ending_ = false;
    int open_ = 0;
    std::uint64_t answered_ = 0;
  };
};

TEST_F(PoolTurnoverTest, OneWorkerForEachJobFlowsUnderAQueue) {
  constexpr int kJobs = 40;
  auto& pool = makePool({.max = 1, .recycleAfter = 1});
  std::set<pid_t> pids;
  std::vector<Deferred<void>> all;
  for (int i = 0; i < kJobs; ++i) {
    all.push_back(pool.deferToProcess<jobs::whoAmI>().addCallback([&](pid_t pid) {
      pids.insert(pid);
      EXPECT_LE(pool.stats().busy, 1U);
    }));
  }
  valueOf(gatherResults(std::move(all)));
  EXPECT_EQ(pids.size(), static_cast<std::size_t>(kJobs));
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolTurnoverTest, TheReplacementIsReadyBeforeTheLastJobHasEnded) {
  auto& pool = makePool({.max = 1, .recycleAfter = 1});
  const auto fifo = makeFifo("block");
  auto last = pool.deferToProcess<jobs::waitFor>(fifo);
  auto next = pool.deferToProcess<jobs::add>(1, 2);
  runUntil([&] { return pool.stats().busy == 1 && pool.stats().idle == 1; });
  passTurns();
  EXPECT_EQ(pool.stats().queued, 1U) << "only one job at a time with max = 1";
  EXPECT_EQ(pool.stats().workers, 2U);
  letGo(fifo);
  valueOf(std::move(last));
  EXPECT_EQ(valueOf(std::move(next)), 3);
}

TEST_F(PoolTurnoverTest, NobodyReplacesAWorkerThatNobodyNeeds) {
  auto& pool = makePool({.min = 0, .max = 2, .recycleAfter = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
  runUntil([&] { return pool.stats().workers == 0; });
  EXPECT_EQ(pool.stats().spawned, 1U);
  EXPECT_EQ(pool.stats().recycled, 1U);
}

TEST_F(PoolTurnoverTest, AWorkerWhoseReplacementDoesNotStartGoesOn) {
  const std::string path = directory_ + "/worker";
  std::filesystem::create_symlink(thisProgram(), path);
  auto& pool = makePool(
      {.worker = {path}, .max = 1, .recycleAfter = 1, .startTimeout = hours(1000)}, &clock_);
  valueOf(pool.start());
  std::filesystem::remove(path);
  const pid_t first = valueOf(pool.deferToProcess<jobs::whoAmI>());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(valueOf(pool.deferToProcess<jobs::whoAmI>()), first);
  EXPECT_EQ(pool.stats().failed, 0U);
  std::filesystem::create_symlink(thisProgram(), path);
  clock_.advance(RestartOptions{}.longestPause);
  runUntil([&] { return pool.stats().recycled == 1; });
  EXPECT_NE(valueOf(pool.deferToProcess<jobs::whoAmI>()), first);
}

TEST_F(PoolTurnoverTest, WorkersOfLargeNumbersDoNotRetireTogether) {
  auto& pool = makePool({.max = 1, .recycleAfter = 64});
  std::map<pid_t, int> served;
  std::vector<pid_t> order;
  for (int i = 0; i < 640; ++i) {
    const pid_t pid = valueOf(pool.deferToProcess<jobs::whoAmI>());
    if (++served[pid] == 1) order.push_back(pid);
  }
  order.pop_back();  // may serve on
  std::set<int> numbers;
  for (const pid_t pid : order) {
    EXPECT_LE(served[pid], 64);
    EXPECT_GE(served[pid], 56);
    numbers.insert(served[pid]);
  }
  EXPECT_GE(order.size(), 9U);
  EXPECT_GT(numbers.size(), 1U);
}

TEST_F(PoolTurnoverTest, AWorkerThatHasGrownIsReplacedAndServesUntilThen) {
  constexpr std::size_t kLimit = std::size_t{224} << 20;
  auto& pool = makePool({.max = 1, .recycleAboveRssBytes = kLimit});
  const pid_t first = valueOf(pool.deferToProcess<jobs::whoAmI>());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(valueOf(pool.deferToProcess<jobs::whoAmI>()), first);
  valueOf(pool.deferToProcess<jobs::hoard>(kLimit));
  EXPECT_EQ(pool.stats().idle + pool.stats().busy, 1U);
  EXPECT_EQ(pool.stats().starting, 1U);
  runUntil([&] { return pool.stats().recycled == 1; });
  EXPECT_NE(valueOf(pool.deferToProcess<jobs::whoAmI>()), first);
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolTurnoverTest, ReloadReplacesEveryWorkerUnderLoadAndFailsNoJob) {
  constexpr std::size_t kWorkers = 4;
  auto& pool = makePool({.min = kWorkers, .max = kWorkers});
  valueOf(pool.start());
  Load load(pool, 3 * kWorkers);
  for (int round = 0; round < 3; ++round) {
    const auto before = pidsOf(pool);
    auto reloaded = pool.reload();
    std::size_t most = 0;
    std::size_t fewest = kWorkers;
    runUntil([&] {
      const auto stats = pool.stats();
      fewest = std::min(fewest, stats.idle + stats.busy);
      most = std::max(most, stats.starting + stats.idle + stats.busy);
      EXPECT_LE(stats.busy, kWorkers);
      return reloaded.called();
    });
    valueOf(std::move(reloaded));
    EXPECT_LE(most, kWorkers + 1);
    EXPECT_EQ(fewest, kWorkers) << "a new one is ready before an old one goes";
    for (const pid_t pid : pidsOf(pool)) EXPECT_FALSE(before.contains(pid));
    EXPECT_EQ(pool.stats().idle + pool.stats().busy, kWorkers);
  }
  load.end();
  runUntil([&] { return load.idle(); });
  EXPECT_GT(load.answered(), 0U);
  EXPECT_EQ(pool.stats().failed, 0U);
  EXPECT_EQ(pool.stats().deaths, 0U);
  EXPECT_EQ(pool.stats().recycled, 3 * kWorkers);
}

TEST_F(PoolTurnoverTest, ReloadTakesUpANewProgramOnDisk) {
  const std::string path = directory_ + "/worker";
  putProgram(path, 1);
  auto& pool = makePool({.worker = {path}, .min = 2, .max = 2});
  const auto before = valueOf(pool.deferToProcess<jobs::programSize>());
  putProgram(path, 2);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::programSize>()), before);
  valueOf(pool.reload());
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(valueOf(pool.deferToProcess<jobs::programSize>()), before + 1);
  }
}

TEST_F(PoolTurnoverTest, ReloadTakesUpANewFileOfThisVeryProgram) {
  const std::string path = directory_ + "/master";
  putProgram(path, 0);
  SpawnOptions options;
  options.executable = path;
  options.environment.changes[kReloadingMasterVariable] = "1";
  options.descriptors = {{1, PipeFromChild{}}, {2, InheritedFd{2}}};
  Process master = reactor_->spawnProcess(options);
  const auto output = master.takePipe(1);
  EXPECT_EQ(valueOf(master.exited()), ExitStatus(Exited{0}));
  std::array<char, 256> text{};
  ASSERT_GT(::read(output.get(), text.data(), text.size() - 1), 0);
  const auto size = std::filesystem::file_size("/proc/self/exe");
  EXPECT_EQ(text.data(), std::to_string(size) + "\n" + std::to_string(size + 3) + "\n");
}

TEST_F(PoolTurnoverTest, AReloadWhoseWorkersDoNotStartFailsAndKeepsTheOldOnes) {
  const std::string path = directory_ + "/worker";
  putProgram(path, 1);
  auto& pool = makePool({.worker = {path}, .min = 2, .max = 2});
  valueOf(pool.start());
  const auto before = pidsOf(pool);
  Load load(pool, 4);
  std::ofstream(path + ".next") << "#!/bin/sh\necho out of wool >&2; exit 3\n";
  std::filesystem::permissions(path + ".next", std::filesystem::perms::owner_all);
  std::filesystem::rename(path + ".next", path);
  const Failure failure = failureOf(pool.reload());
  ASSERT_TRUE(failure.check<StartupFailed>());
  EXPECT_THAT(failure.describe(), ::testing::HasSubstr("out of wool"));
  EXPECT_EQ(pidsOf(pool), before);
  load.end();
  runUntil([&] { return load.idle(); });
  EXPECT_EQ(pool.stats().failed, 0U);
  const auto tries = pool.stats().spawned;
  passTurns();
  EXPECT_EQ(pool.stats().spawned, tries) << "nothing is to be replaced any more";
}

TEST_F(PoolTurnoverTest, ReloadWaitsForTheJobsOfTheOldWorkers) {
  auto& pool = makePool({.min = 2, .max = 2});
  const auto fifo = makeFifo("block");
  auto job = pool.deferToProcess<jobs::waitFor>(fifo);
  runUntil([&] { return pool.stats().busy == 1 && pool.stats().idle == 1; });
  auto reloaded = pool.reload();
  runUntil([&] { return pool.stats().recycled == 1 && pool.stats().idle == 2; });
  EXPECT_FALSE(reloaded.called());
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
  letGo(fifo);
  valueOf(std::move(job));
  valueOf(std::move(reloaded));
  EXPECT_EQ(pool.stats().idle, 2U);
}

TEST_F(PoolTurnoverTest, ReloadSurvivesTheDeathOfOldAndNewWorkers) {
  auto& pool = makePool({.min = 3, .max = 3});
  valueOf(pool.start());
  const auto before = pidsOf(pool);
  auto reloaded = pool.reload();
  std::mt19937 random(5);
  int kills = 0;
  runUntil([&] {
    const auto workers = pool.workers();
    if (kills < 10 && !workers.empty()) {
      const auto& victim = workers[random() % workers.size()];
      if (victim.pid != 0 && ::kill(victim.pid, SIGKILL) == 0) ++kills;
    }
    return reloaded.called();
  });
  valueOf(std::move(reloaded));
  for (const pid_t pid : pidsOf(pool)) EXPECT_FALSE(before.contains(pid));
}

TEST_F(PoolTurnoverTest, ReloadOfNothingIsDoneAndAfterStopRefused) {
  auto& pool = makePool();
  valueOf(pool.reload());
  EXPECT_EQ(pool.stats().spawned, 0U);
  valueOf(pool.stop());
  EXPECT_TRUE(failureOf(pool.reload()).check<PoolStopped>());
}

TEST_F(PoolTurnoverTest, StopAndDestructionEndAReload) {
  auto& pool = makePool({.min = 2, .max = 2});
  valueOf(pool.start());
  auto reloaded = pool.reload();
  auto again = pool.reload();
  passTurns();
  auto stopped = pool.stop();
  EXPECT_TRUE(failureOf(std::move(reloaded)).check<PoolStopped>());
  EXPECT_TRUE(failureOf(std::move(again)).check<PoolStopped>());
  valueOf(std::move(stopped));
  auto& second = makePool({.min = 2, .max = 2});
  valueOf(second.start());
  auto dropped = second.reload();
  passTurns();
  pool_.reset();
  EXPECT_TRUE(failureOf(std::move(dropped)).check<PoolStopped>());
}

TEST_F(PoolTurnoverTest, AThousandChangesOfSizeUnderLoadFailNoJob) {
#if defined(PHIAL_ADDRESS_SANITIZER) || defined(PHIAL_THREAD_SANITIZER)
  constexpr int kChanges = 100;
#else
  constexpr int kChanges = 1000;
#endif
  auto& pool = makePool({.min = 1, .max = 1});
  Load load(pool, 32);
  std::uint64_t next = 0;
  std::size_t most = 0;
  for (int i = 0; i < kChanges; ++i) {
    const bool grow = i % 2 == 0;
    (void)pool.adjustPoolSize(grow ? 16 : 1, grow ? 16 : 1);
    next = load.answered() + 4;
    runUntil([&] {
      most = std::max(most, pool.stats().idle + pool.stats().busy);
      return load.answered() >= next;
    });
  }
  load.end();
  runUntil([&] { return load.idle(); });
  EXPECT_GT(most, 1U);
  EXPECT_EQ(pool.stats().failed, 0U);
  EXPECT_EQ(pool.stats().deaths, 0U);
  valueOf(pool.adjustPoolSize(1, 1));
  runUntil([&] { return pool.stats().workers == 1; });
}

}  // namespace
}  // namespace phial
