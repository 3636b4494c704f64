// Warm pools at work: PoolOptions::warm.
#include "warm_fixture.h"

namespace phial {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::SizeIs;

using WarmTest = WarmPoolTest;

TEST_F(WarmTest, PreparesOnceForAllWorkers) {
  auto& pool = loadingPool(3);
  valueOf(pool.start());
  EXPECT_THAT(notes(), SizeIs(1));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(stateOf(), "ready");
  EXPECT_THAT(notes(), SizeIs(1));
}

TEST_F(WarmTest, AKilledWorkerIsReplacedFromTheTemplate) {
  auto& pool = loadingPool();
  valueOf(pool.start());
  for (int i = 0; i < 3; ++i) {
    killWorker();
    EXPECT_EQ(stateOf(), "ready");
  }
  EXPECT_THAT(notes(), SizeIs(1));
  EXPECT_THAT(deaths_->all, Each(Field(&DeathCertificate::origin, WorkerOrigin::fromTemplate)));
  EXPECT_THAT(deaths_->all.front().describe(), HasSubstr("forked from the template"));
  EXPECT_EQ(deaths_->all.front().status, ExitStatus(Signalled{SIGKILL}));
}

TEST_F(WarmTest, TheCertificateOfASpawnedWorkerSaysSo) {
  warmPool({.min = 1, .max = 1});
  valueOf(pool_->start());
  killWorker();
  EXPECT_EQ(deaths_->all.front().origin, WorkerOrigin::spawned);
}

TEST_F(WarmTest, OnStartRunsInEachWorkerAfterTheFork) {
  const std::string started = directory_ + "/started";
  auto& pool = warmPool({.min = 3,
                         .max = 3,
                         .warm = prepareWith<warm_jobs::load>(notes_, "ready"),
                         .onStart = startWith<warm_jobs::note>(started)});
  valueOf(pool.start());
  std::ifstream file(started);
  std::vector<pid_t> numbers;
  for (pid_t number = 0; file >> number;) numbers.push_back(number);
  EXPECT_THAT(numbers, SizeIs(3));
  EXPECT_THAT(notes(), SizeIs(1));
}

TEST_F(WarmTest, ASharedArrayReachesThePreparation) {
  SharedArray<double> numbers(1000);
  std::ranges::fill(numbers.writable(), 0.5);
  auto& pool = warmPool({.max = 2, .warm = prepareWith<warm_jobs::loadShared>(numbers)});
  EXPECT_EQ(valueOf(pool.deferToProcess<warm_jobs::sum>()), 500);
}

TEST_F(WarmTest, AWorkerWritesToMemoryOfItsOwn) {
  auto& pool = warmPool({.max = 1, .warm = prepareWith<warm_jobs::loadMany>(8)});
  const auto sum = valueOf(pool.deferToProcess<warm_jobs::touch>(512));
  killWorker();
  EXPECT_EQ(valueOf(pool.deferToProcess<warm_jobs::touch>(512)), sum);
}

TEST_F(WarmTest, WithoutWorkersThereIsNoTemplateUntilAJobComes) {
  auto& pool =
      warmPool({.min = 0, .max = 1, .warm = prepareWith<warm_jobs::load>(notes_, "on demand")});
  valueOf(pool.start());
  EXPECT_THAT(notes(), SizeIs(0));
  EXPECT_EQ(stateOf(), "on demand");
}

TEST_F(WarmTest, ReloadPreparesANewTemplateFirst) {
  auto& pool = loadingPool(2);
  valueOf(pool.start());
  const auto before = awaitSpare().leader;
  valueOf(pool.reload());
  EXPECT_THAT(notes(), SizeIs(2));
  EXPECT_NE(awaitSpare().leader, before);
  EXPECT_EQ(stateOf(), "ready");
  EXPECT_EQ(pool.stats().recycled, 2U);
}

TEST_F(WarmTest, RecycledWorkersAreForkedToo) {
  auto& pool = warmPool(
      {.max = 1, .recycleAfter = 1, .warm = prepareWith<warm_jobs::load>(notes_, "ready")});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(stateOf(), "ready");
  runUntil([&] { return pool.stats().recycled >= 4; });
  EXPECT_THAT(notes(), SizeIs(1));
  EXPECT_THAT(deaths_->all, Each(Field(&DeathCertificate::status, ExitStatus(Exited{0}))));
}

TEST_F(WarmTest, WhatThePreparationPrintsIsLoggedOnce) {
  auto& pool = warmPool({.min = 2, .max = 2, .warm = prepareWith<warm_jobs::printAndLoad>()});
  valueOf(pool.start());
  EXPECT_EQ(stateOf(), "printed");
  // At the end of the template's output, which has no newline.
  killWorker();
  killWorker();
  ::kill(awaitSpare().leader, SIGKILL);
  runUntil([&] { return log_.str().find("half a line") != std::string::npos; });
  const std::string log = log_.str();
  EXPECT_EQ(log.find("half a line"), log.rfind("half a line"));
  EXPECT_THAT(log, HasSubstr("info warm a whole line"));
}

TEST_F(WarmTest, TwoPoolsHaveTheirOwnTemplates) {
  loadingPool();
  ProcessPool other(*reactor_, {.name = "other",
                                .max = 1,
                                .warm = prepareWith<warm_jobs::load>(notes_, "of the other"),
                                .onLog = [this](const LogRecord& record) { note(record); }});
  EXPECT_EQ(stateOf(), "ready");
  EXPECT_EQ(valueOf(other.deferToProcess<warm_jobs::state>()), "of the other");
  killWorker();
  EXPECT_EQ(stateOf(), "ready");
  EXPECT_THAT(notes(), SizeIs(2));
  valueOf(other.stop());
}

}  // namespace
}  // namespace phial
