// A result that finds no room in the memory for results ends its batch. The jobs behind it have not
// begun: they are given back and sent again. Each job runs once, whoever dies or cancels meanwhile.
#include <phial/protocol/control_page.h>

#include <map>
#include <thread>

#include "batch_fixture.h"
#include "tests/support/process_stat.h"

namespace phial {
namespace {

using jobs::Deed;

class PoolBatchEndTest : public PoolBatchTest {
 protected:
  static constexpr std::size_t kLarge = 4;  // the place of the job with the large result

  /// Notes, with one other deed at kLarge.
  static std::vector<Deed> notesAround(Deed deed, std::size_t jobs = 10) {
    std::vector<Deed> deeds(jobs, Deed::note);
    deeds[kLarge] = deed;
    return deeds;
  }

  /// Has all jobs travel to the worker, and returns when the worker has run those up to the large
  /// result. The worker waits then, and the loop has not looked.
  void runUpToTheLargeResult(ProcessPool& pool) {
    const pid_t worker = pool.workers().at(0).pid;
    signalAll(SIGSTOP);
    const auto deeds = notesAround(Deed::grow);
    submit(pool, deeds);
    runUntil([&] { return pool.stats().running == deeds.size(); });
    signalAll(SIGCONT);
    while (notesOf(kLarge - 1) == 0 || statOf(worker)->state != 'S') std::this_thread::yield();
  }

  void expectEachNotedOnce() {
    for (std::size_t i = 0; i < told_->outcomes.size(); ++i) {
      if (i == kLarge) continue;
      EXPECT_TRUE(succeeded(i)) << i;
      EXPECT_EQ(notesOf(i), 1) << i;
    }
  }
};

TEST_F(PoolBatchEndTest, TheJobsBehindALargeResultRunOnce) {
  auto& pool = makeLearnedPool();
  submit(pool, notesAround(Deed::grow, 128));
  awaitAll();
  expectEachNotedOnce();
  EXPECT_EQ(told_->outcomes[kLarge]->value().size(), jobs::kGrown);
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolBatchEndTest, TheJobsBehindAVeryLargeResultRunOnce) {
  auto& pool = makeLearnedPool();
  submit(pool, notesAround(Deed::swell, 128));
  awaitAll();
  expectEachNotedOnce();
  EXPECT_EQ(told_->outcomes[kLarge]->value().size(), std::size_t{64} << 20);
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolBatchEndTest, LargeAndSmallResultsThatTakeTurnsAllArrive) {
  auto& pool = makeLearnedPool();
  std::vector<Deed> deeds(300, Deed::note);
  for (std::size_t i = 0; i < deeds.size(); i += 2) deeds[i] = Deed::grow;
  submit(pool, deeds);
  awaitAll();
  for (std::size_t i = 0; i < deeds.size(); ++i) {
    ASSERT_TRUE(succeeded(i)) << i;
    EXPECT_EQ(told_->outcomes[i]->value().size(), i % 2 == 0 ? jobs::kGrown : 0U) << i;
    EXPECT_EQ(notesOf(i), i % 2 == 0 ? 0 : 1) << i;
  }
}

// A few of these results fill the room of a batch.
TEST_F(PoolBatchEndTest, ResultsOfWhichOnlyAFewHaveRoomAllArrive) {
  auto& pool = makePool({.min = 1, .max = 1});
  valueOf(pool.start());
  learn(pool, [&] { return pool.deferToProcess<jobs::makeBytes>(std::size_t{1}); });
  std::vector<Deferred<std::vector<std::byte>>> jobs;
  for (std::size_t bytes = 5'000; bytes < 5'500; ++bytes) {
    jobs.push_back(pool.deferToProcess<jobs::makeBytes>(bytes));
  }
  std::size_t expected = 5'000;
  for (const auto& bytes : valueOf(gatherResults(std::move(jobs)))) {
    EXPECT_EQ(bytes.size(), expected++);
  }
}

TEST_F(PoolBatchEndTest, AnObserverHearsOfTheJobsThatAreGivenBack) {
  struct Counter : PoolObserver {
    void jobTakenBack(const JobReport& job) override { ++takenBack[job.id]; }
    std::map<std::uint64_t, int> takenBack;
  };
  auto& pool = makeLearnedPool();
  const auto counter = std::make_shared<Counter>();
  const auto observation = pool.observe(counter);
  runUpToTheLargeResult(pool);
  awaitAll();
  expectEachNotedOnce();
  EXPECT_GE(counter->takenBack.size(), 5U) << "those behind it";
}

TEST_F(PoolBatchEndTest, WhatIsCancelledBeforeItIsGivenBackDoesNotRun) {
  auto& pool = makeLearnedPool();
  const pid_t worker = pool.workers().at(0).pid;
  signalAll(SIGSTOP);
  const auto deeds = notesAround(Deed::grow);
  submit(pool, deeds);
  auto doomed = pool.deferToProcess<jobs::perform>(Deed::note, pathOf(77));
  auto last = pool.deferToProcess<jobs::perform>(Deed::note, pathOf(78));
  runUntil([&] { return pool.stats().running == deeds.size() + 2; });
  signalAll(SIGCONT);
  while (notesOf(kLarge - 1) == 0 || statOf(worker)->state != 'S') std::this_thread::yield();
  doomed.cancel();
  EXPECT_TRUE(failureOf(std::move(doomed)).check<CancelledError>());
  valueOf(std::move(last));
  awaitAll();
  expectEachNotedOnce();
  EXPECT_EQ(notesOf(77), 0);
  EXPECT_EQ(notesOf(78), 1);
}

// The answer lies in the pipe, and nobody has read it.
TEST_F(PoolBatchEndTest, AWorkerThatIsKilledBehindItsLargeResultHasAnswered) {
  auto& pool = makeLearnedPool();
  runUpToTheLargeResult(pool);
  const pid_t worker = pool.workers().at(0).pid;
  ASSERT_EQ(::kill(worker, SIGKILL), 0);
  while (statOf(worker)->state != 'Z') std::this_thread::yield();
  awaitAll();
  expectEachNotedOnce();
  EXPECT_EQ(told_->outcomes[kLarge]->value().size(), jobs::kGrown);
  EXPECT_EQ(pool.stats().deaths, 1U);
}

TEST_F(PoolBatchEndTest, AWorkerThatIsKilledAsItWritesItsLargeResultTakesNoOtherJobWithIt) {
  auto& pool = makePool({.min = 1, .max = 1});
  valueOf(pool.start());
  // Without a file to write to, the job is short also where a sanitizer makes it slow.
  learn(pool, [&] { return pool.deferToProcess<jobs::noteLethally>(false, ""); });
  signalAll(SIGSTOP);
  constexpr std::size_t kJobs = 6;  // they travel together even if the last ten took twice the time
  std::vector<Deferred<jobs::Lethal>> jobs;
  for (std::size_t i = 1; i <= kJobs; ++i) {
    jobs.push_back(pool.deferToProcess<jobs::noteLethally>(i == kLarge, pathOf(i)));
  }
  runUntil([&] { return pool.stats().running == kJobs; });
  signalAll(SIGCONT);
  for (std::size_t i = 1; i <= kJobs; ++i) {
    auto outcome = await(std::move(jobs[i - 1]));
    EXPECT_EQ(outcome.ok(), i != kLarge) << i;
    EXPECT_EQ(notesOf(i), 1) << i;
    if (outcome.ok()) continue;
    const auto* const died = outcome.failure().as<WorkerDied>();
    ASSERT_NE(died, nullptr) << outcome.failure().message();
    EXPECT_EQ(died->certificate().phase, Phase::encoding);
  }
  EXPECT_EQ(pool.stats().deaths, 1U);
}

}  // namespace
}  // namespace phial
