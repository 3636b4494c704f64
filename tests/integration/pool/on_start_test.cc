// PoolOptions::onStart and threadsPerWorker: what each worker does before its first job.
#include <phial/protocol/shared_array.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "startup_fixture.h"

namespace phial {
namespace start_jobs {

std::string told;
std::vector<double> numbers;

void tell(std::string text, int number) { told = text + " " + std::to_string(number); }
std::string whatWasTold() { return told; }
void keep(std::span<const double> values) { numbers.assign(values.begin(), values.end()); }
double sum() {
  double result = 0;
  for (const double number : numbers) result += number;
  return result;
}
void share(SharedArray<double> values) { numbers.assign(values.begin(), values.end()); }
void note(const std::string& path) { std::ofstream(path, std::ios::app) << ::getpid() << '\n'; }
void complainAndThrow(const std::string& text) {
  std::fprintf(stderr, "about to fail\n");
  throw std::runtime_error(text);
}
void crash() { std::abort(); }
void goTo(const std::string& directory) {
  if (::chdir(directory.c_str()) != 0) throw std::runtime_error("chdir");
}
std::string whereAmI() { return std::filesystem::current_path(); }
void small(std::uint8_t) {}
void waitForWriter(const std::string& fifo) { std::ifstream(fifo).get(); }
std::string variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value != nullptr ? value : "unset";
}

inline constexpr Function<void(std::string)> kNobodyHas{"start.nobody"};

}  // namespace start_jobs

namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class OnStartTest : public PoolStartupTest {
 protected:
  ProcessPool& startingPool(WorkerStart onStart, std::size_t workers = 1) {
    return makePool({.min = workers, .max = workers, .onStart = std::move(onStart)});
  }
  Failure startFailure(WorkerStart onStart) {
    auto& pool = makePool(
        {.max = 1, .startTimeout = std::chrono::hours(1000), .onStart = std::move(onStart)},
        &clock_);
    return failureOverPauses(pool, pool.start());
  }
};

TEST_F(OnStartTest, TheFunctionRunsWithItsArgumentsBeforeTheFirstJob) {
  auto& pool = startingPool(startWith<start_jobs::tell>("seven is", 7));
  EXPECT_EQ(valueOf(pool.deferToProcess<start_jobs::whatWasTold>()), "seven is 7");
}

TEST_F(OnStartTest, ItHasRunInEachWorkerWhenThePoolIsReady) {
  const std::string notes = directory_ + "/notes";
  auto& pool = startingPool(startWith<start_jobs::note>(notes), 3);
  valueOf(pool.start());
  EXPECT_THAT(linesOf(notes), SizeIs(3));
}

TEST_F(OnStartTest, ItRunsInReplacementsAndAfterAReload) {
  auto& pool = startingPool(startWith<start_jobs::tell>(std::string("again"), 1));
  valueOf(pool.start());
  ::kill(pool.workers().front().pid, SIGKILL);
  runUntil([&] { return pool.stats().deaths == 1; });
  EXPECT_EQ(valueOf(pool.deferToProcess<start_jobs::whatWasTold>()), "again 1");
  valueOf(pool.reload());
  EXPECT_EQ(valueOf(pool.deferToProcess<start_jobs::whatWasTold>()), "again 1");
}

TEST_F(OnStartTest, ArgumentsConvertAsThoseOfAJob) {
  const auto shared = std::make_shared<const std::vector<double>>(std::vector<double>{1, 2, 3.5});
  auto& pool = startingPool(startWith<start_jobs::keep>(shared));
  EXPECT_EQ(valueOf(pool.deferToProcess<start_jobs::sum>()), 6.5);
  EXPECT_THROW(startWith<start_jobs::small>(300), EncodingError);
  EXPECT_THROW(startWith<start_jobs::keep>(std::shared_ptr<std::vector<double>>()), EncodingError);
  EXPECT_FALSE(WorkerStart());
  EXPECT_TRUE(startWith<start_jobs::small>(200));
}

TEST_F(OnStartTest, ALargeArgumentAndASharedArrayArriveInEachWorker) {
  const std::vector<double> values(1'000'000, 0.5);
  EXPECT_EQ(
      valueOf(startingPool(startWith<start_jobs::keep>(values)).deferToProcess<start_jobs::sum>()),
      500'000);
  valueOf(pool_->stop());
  SharedArray<double> shared(1000);
  std::ranges::fill(shared.writable(), 2.0);
  auto& pool = startingPool(startWith<start_jobs::share>(shared), 2);
  valueOf(pool.start());
  EXPECT_EQ(valueOf(pool.deferToProcess<start_jobs::sum>()), 2000);
  valueOf(pool.reload());
  EXPECT_EQ(valueOf(pool.deferToProcess<start_jobs::sum>()), 2000);
}

TEST_F(OnStartTest, AnExceptionIsStartupFailedWithItsTextAndStderr) {
  const Failure failure = startFailure(startWith<start_jobs::complainAndThrow>("no model here"));
  ASSERT_TRUE(failure.check<StartupFailed>()) << failure.describe();
  EXPECT_THAT(failure.describe(), HasSubstr("no model here"));
  EXPECT_THAT(failure.describe(), HasSubstr("about to fail"));
  EXPECT_EQ(pool_->stats().spawned, kGiveUpAfter);
}

TEST_F(OnStartTest, ACrashIsStartupFailed) {
  const Failure failure = startFailure(startWith<start_jobs::crash>());
  ASSERT_TRUE(failure.check<StartupFailed>()) << failure.describe();
  EXPECT_THAT(failure.describe(), HasSubstr("SIGABRT"));
  EXPECT_THAT(failure.describe(), HasSubstr("while starting"));
}

TEST_F(OnStartTest, AFunctionThatNoWorkerHasIsStartupFailedThatNamesIt) {
  const Failure failure = startFailure(startWith<start_jobs::kNobodyHas>("x"));
  ASSERT_TRUE(failure.check<StartupFailed>()) << failure.describe();
  EXPECT_THAT(failure.describe(), HasSubstr("start.nobody"));
}

TEST_F(OnStartTest, AFunctionThatDoesNotReturnIsEndedInTime) {
  const auto fifo = makeFifo("never");
  auto& pool = makePool({.min = 1,
                         .max = 1,
                         .startTimeout = std::chrono::seconds(10),
                         .onStart = startWith<start_jobs::waitForWriter>(fifo)},
                        &clock_);
  pool.start().addErrback([](const Failure&) {});
  passTurns();
  EXPECT_EQ(pool.stats().starting, 1U);
  clock_.advance(std::chrono::seconds(11));
  runUntil([&] { return pool.stats().deaths == 1; });
  EXPECT_EQ(pool.stats().succeeded, 0U);
}

TEST_F(OnStartTest, WhatItChangesIsHowJobsFindTheirWorker) {
  auto& pool = startingPool(startWith<start_jobs::goTo>(directory_));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(valueOf(pool.deferToProcess<start_jobs::whereAmI>()), directory_);
  }
}

TEST_F(OnStartTest, ThreadsPerWorkerSetsTheVariablesButNotThoseOfTheEnvironment) {
  auto& pool =
      makePool({.environment = {{"MKL_NUM_THREADS", "5"}}, .threadsPerWorker = 2, .max = 1});
  const auto variable = [&](std::string name) {
    return valueOf(pool.deferToProcess<start_jobs::variable>(std::move(name)));
  };
  EXPECT_EQ(variable("OMP_NUM_THREADS"), "2");
  EXPECT_EQ(variable("OPENBLAS_NUM_THREADS"), "2");
  EXPECT_EQ(variable("MKL_NUM_THREADS"), "5");
  EXPECT_EQ(std::getenv("OPENBLAS_NUM_THREADS"), nullptr);
}

TEST_F(OnStartTest, NoThreadsPerWorkerIsRefused) {
  EXPECT_THROW(makePool({.threadsPerWorker = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace phial
