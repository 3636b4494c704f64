// Arrays in shared memory as arguments and results, and what is left of them after every end.
#include <gmock/gmock.h>
#include <signal.h>

#include <numeric>
#include <thread>

#include "pool_fixture.h"
#include "shared_jobs.h"
#include "tests/unit/protocol/memory_watch.h"

namespace phial {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PoolSharedArrayTest : public PoolTest {
 protected:
  void TearDown() override {
    PoolTest::TearDown();
    // A thread of its own lets go of a large one.
    while (jobs::sharedMemories() > 0) std::this_thread::yield();
  }
  /// Watches the only shared memory that this process holds.
  static std::unique_ptr<MemoryWatch> watchOnly() {
    const auto files = sharedMemoryFiles();
    EXPECT_EQ(files.size(), 1u);
    return std::make_unique<MemoryWatch>(files.at(0));
  }
  pid_t workerPid() { return pool_->workers().at(0).pid; }
};

TEST_F(PoolSharedArrayTest, GoesThere) {
  auto& pool = makePool();
  const auto numbers = jobs::makeNumbers(1'000'000);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::addUp>(numbers)), 499'999'500'000u);
  EXPECT_EQ(valueOf(pool.deferToProcess<std::uint64_t>("jobs::addUp", numbers)), 499'999'500'000u);
}

TEST_F(PoolSharedArrayTest, ComesBack) {
  auto& pool = makePool();
  auto numbers = valueOf(pool.deferToProcess<jobs::makeNumbers>(1'000'000u));
  ASSERT_EQ(numbers.size(), 1'000'000u);
  EXPECT_EQ(numbers[999'999], 999'999u);
  EXPECT_THROW(numbers.writable(), std::logic_error);
}

TEST_F(PoolSharedArrayTest, TenGibibytesAreNoMoreThanOneKibibyte) {
  auto& pool = makePool();
  const SharedArray<std::byte> array(std::size_t{10} << 30);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::countOf>(array)), std::size_t{10} << 30);
}

TEST_F(PoolSharedArrayTest, WhatWasReceivedCanBePassedOn) {
  auto& pool = makePool({.min = 2, .max = 2});
  const auto made = valueOf(pool.deferToProcess<jobs::makeNumbers>(3u));
  auto first = pool.deferToProcess<jobs::passOn>(made);
  auto second = pool.deferToProcess<jobs::passOn>(made);
  EXPECT_THAT(valueOf(std::move(first)), ElementsAre(0, 1, 2));
  EXPECT_THAT(valueOf(std::move(second)), ElementsAre(0, 1, 2));
}

TEST_F(PoolSharedArrayTest, ManyTravelInOneJob) {
  auto& pool = makePool();
  const auto all = valueOf(pool.deferToProcess<jobs::makeMany>(300u));
  ASSERT_EQ(all.size(), 300u);
  const auto sums = valueOf(pool.deferToProcess<jobs::addUpEach>(all));
  EXPECT_EQ(sums.at(299), 298u * 299 / 2);
}

TEST_F(PoolSharedArrayTest, ManyJobsWithArraysKeepThemApart) {
  auto& pool = makePool({.min = 2, .max = 2});
  std::vector<Deferred<std::uint64_t>> sums;
  for (std::size_t i = 0; i < 400; ++i) {
    sums.push_back(pool.deferToProcess<jobs::addUp>(jobs::makeNumbers(i)));
  }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    EXPECT_EQ(valueOf(std::move(sums[i])), i * (i - (i > 0)) / 2) << i;
  }
}

TEST_F(PoolSharedArrayTest, AWorkerKeepsNothingOfAJobThatIsOver) {
  auto& pool = makePool();
  valueOf(pool.deferToProcess<jobs::addUp>(jobs::makeNumbers(100)));
  static_cast<void>(valueOf(pool.deferToProcess<jobs::makeNumbers>(100u)));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::sharedMemories>()), 0u);
}

TEST_F(PoolSharedArrayTest, AWorkerThatWritesToItHarmsItselfAlone) {
  auto& pool = makePool();
  const auto numbers = jobs::makeNumbers(3);
  const Failure failure = failureOf(pool.deferToProcess<jobs::writeTo>(numbers));
  EXPECT_TRUE(failure.check<WorkerDied>()) << failure.message();
  EXPECT_THAT(numbers, ElementsAre(0, 1, 2));
}

TEST_F(PoolSharedArrayTest, ADyingWorkerLetsGoOfItsArguments) {
  auto& pool = makePool();
  const auto path = makeFifo("hangs");
  auto numbers = jobs::makeNumbers(100'000);
  const auto watch = watchOnly();
  auto held = pool.deferToProcess<jobs::holdAndHang>(std::move(numbers), path);
  numbers = {};
  awaitAnnouncement(path);
  EXPECT_FALSE(watch->freed());
  ::kill(workerPid(), SIGKILL);
  EXPECT_TRUE(failureOf(std::move(held)).check<WorkerDied>());
  watch->awaitFreed();
}

TEST_F(PoolSharedArrayTest, ADyingWorkerLeavesNoResultBehind) {
  auto& pool = makePool();
  EXPECT_TRUE(failureOf(pool.deferToProcess<jobs::makeAndDie>(100'000u)).check<WorkerDied>());
}

TEST_F(PoolSharedArrayTest, ItsMemoryGoesBackWhenTheLastHandleGoes) {
  auto& pool = makePool();
  auto numbers = valueOf(pool.deferToProcess<jobs::makeNumbers>(1'000'000u));
  const auto watch = watchOnly();
  passTurns();
  EXPECT_FALSE(watch->freed());
  numbers = {};
  watch->awaitFreed();
}

TEST_F(PoolSharedArrayTest, AJobTakenBackLetsGoOfItsArguments) {
  auto& pool = makePool({.max = 1});
  valueOf(pool.start());
  ::kill(workerPid(), SIGSTOP);
  auto numbers = jobs::makeNumbers(100);
  const auto watch = watchOnly();
  auto job = pool.deferToProcess<jobs::addUp>(std::move(numbers));
  numbers = {};
  passTurns();
  job.cancel();
  EXPECT_TRUE(failureOf(std::move(job)).check<CancelledError>());
  ::kill(workerPid(), SIGCONT);
  runUntil([&] { return watch->freed(); });
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::sharedMemories>()), 0u);
}

TEST_F(PoolSharedArrayTest, AResultNobodyWaitsForIsLetGo) {
  auto& pool = makePool({.max = 1});
  const auto path = makeFifo("waits");
  auto job = pool.deferToProcess<jobs::makeAndWait>(100u, path);
  const auto ofWorker = [&] { return sharedMemoryFiles(std::to_string(workerPid())); };
  runUntil([&] { return pool.stats().running == 1 && !ofWorker().empty(); });
  const MemoryWatch watch(ofWorker().at(0));
  const auto pid = workerPid();
  job.cancel();
  EXPECT_TRUE(failureOf(std::move(job)).check<CancelledError>());
  letGo(path);
  runUntil([&] { return watch.freed(); });
  EXPECT_EQ(workerPid(), pid) << "not by the worker's end";
}

TEST_F(PoolSharedArrayTest, AFileThatCouldShrinkFailsItsJobAlone) {
  auto& pool = makePool({.max = 1});
  const Failure failure = failureOf(pool.deferToProcess<jobs::sendAShrinkingFile>());
  EXPECT_TRUE(failure.check<EncodingError>());
  EXPECT_THAT(failure.describe(), HasSubstr("it is not sealed"));
  EXPECT_THAT(valueOf(pool.deferToProcess<jobs::makeNumbers>(2u)), ElementsAre(0, 1));
}

TEST_F(PoolSharedArrayTest, AFileThatNeverCameFailsItsJobAlone) {
  auto& pool = makePool({.max = 1});
  const Failure failure = failureOf(pool.deferToProcess<jobs::claimAFile>());
  EXPECT_TRUE(failure.check<EncodingError>());
  EXPECT_THAT(failure.describe(), HasSubstr("has not come with the message"));
  EXPECT_THAT(valueOf(pool.deferToProcess<jobs::makeNumbers>(2u)), ElementsAre(0, 1));
}

TEST_F(PoolSharedArrayTest, FilesThatNobodyAskedForAreLetGo) {
  auto& pool = makePool({.max = 1});
  valueOf(pool.start());
  const auto before = openDescriptors();
  EXPECT_THAT(valueOf(pool.deferToProcess<jobs::sendStrayFiles>()), ElementsAre(0, 1, 2));
  // Many are closed beside the loop.
  runUntil([&] { return openDescriptors() == before; });
}

}  // namespace
}  // namespace phial
