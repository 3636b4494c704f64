// What jobs report of their progress: how often it is heard, what is heard last, and what it costs.
#include <sys/resource.h>

#include <cmath>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "pool_fixture.h"
#include "tests/integration/pool/progress_jobs.h"

namespace phial {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Pair;

class PoolProgressTest : public PoolTest {
 protected:
  JobOptions listening() {
    return {.onProgress = [this](double fraction, std::string_view note) {
      heard_.emplace_back(fraction, note);
    }};
  }

  static long residentKilobytes() {
    long pages = 0;
    std::ifstream("/proc/self/statm") >> pages >> pages;
    return pages * 4;
  }

  std::vector<std::pair<double, std::string>> heard_;
};

TEST_F(PoolProgressTest, AMillionReportsAndAnAbortLeaveTheMasterAsItWas) {
  auto& pool = makePool({.max = 1});
  valueOf(pool.deferToProcess<progress_jobs::reportMany>(1000));
  const long before = residentKilobytes();
  const Failure failure = failureOf(
      pool.with(listening()).deferToProcess<progress_jobs::reportManyAndAbort>(1'000'000));
  EXPECT_TRUE(failure.check<WorkerDied>()) << failure.message();
  EXPECT_LT(residentKilobytes() - before, 8192);
  ASSERT_FALSE(heard_.empty());
  EXPECT_EQ(heard_.back(), std::pair(1.0, std::string("report 1000000")));
}

TEST_F(PoolProgressTest, AMillionReportsLeaveTheWorkerAsItWas) {
  auto& pool = makePool({.max = 1});
  valueOf(pool.deferToProcess<progress_jobs::reportMany>(1000));
  EXPECT_LT(valueOf(pool.deferToProcess<progress_jobs::reportMany>(1'000'000)), 4096);
}

TEST_F(PoolProgressTest, TheFirstReportIsHeardWhileTheJobRuns) {
  auto& pool = makePool({.max = 1});
  const auto fifo = makeFifo("held");
  auto job = pool.with(listening()).deferToProcess<progress_jobs::reportAndWait>(fifo);
  runUntil([&] { return !heard_.empty(); });
  EXPECT_THAT(heard_, ElementsAre(Pair(0.25, "waiting")));
  letGo(fifo);
  valueOf(std::move(job));
  EXPECT_EQ(heard_.size(), 1u);
}

TEST_F(PoolProgressTest, WhatComesWithinFiftyMillisecondsWaitsForThem) {
  auto& pool = makePool({.max = 1}, &clock_);
  const auto first = makeFifo("first");
  const auto second = makeFifo("second");
  const auto third = makeFifo("third");
  auto job =
      pool.with(listening()).deferToProcess<progress_jobs::reportThreeTimes>(first, second, third);
  runUntil([&] { return heard_.size() == 1; });
  letGo(first);  // 0.5 and 0.75 follow at once
  awaitAnnouncement(second);
  passTurns();
  EXPECT_THAT(heard_, ElementsAre(Pair(0.25, "one")));
  clock_.advance(milliseconds(49));
  passTurns();
  EXPECT_EQ(heard_.size(), 1u);
  clock_.advance(milliseconds(1));
  passTurns();
  EXPECT_THAT(heard_, ElementsAre(Pair(0.25, "one"), Pair(0.75, "three")));
  letGo(third);
  valueOf(std::move(job));
  EXPECT_EQ(heard_.size(), 2u);
}

TEST_F(PoolProgressTest, TheLastReportComesBeforeTheJobsEnd) {
  auto& pool = makePool({.max = 1}, &clock_);
  const auto endsWith = [&](auto job) {
    heard_.clear();
    std::size_t heardAtEnd = 0;
    valueOf(std::move(job).addBoth([&](auto&&) { heardAtEnd = heard_.size(); }));
    EXPECT_EQ(heard_.size(), heardAtEnd);
    return heard_.empty() ? std::string() : heard_.back().second;
  };
  EXPECT_EQ(endsWith(pool.with(listening()).deferToProcess<progress_jobs::reportMany>(100)),
            "report 100");
  EXPECT_EQ(endsWith(pool.with(listening()).deferToProcess<progress_jobs::reportManyAndThrow>(100)),
            "report 100");
  EXPECT_EQ(endsWith(pool.with(listening()).deferToProcess<progress_jobs::reportManyAndAbort>(100)),
            "report 100");
  EXPECT_EQ(endsWith(pool.with(listening()).deferToProcess<progress_jobs::reportManyAndDie>(100)),
            "report 100");
}

TEST_F(PoolProgressTest, EachJobOfABatchReportsItsOwn) {
  auto& pool = makePool({.max = 1});
  // The pool learns that they are short, and sends many in one call from then on.
  for (int i = 0; i < 20; ++i) valueOf(pool.deferToProcess<progress_jobs::reportNumber>(i));
  constexpr int kJobs = 200;
  std::vector<std::vector<std::string>> heard(kJobs);
  std::vector<Deferred<int>> jobs;
  for (int i = 0; i < kJobs; ++i) {
    const auto listen = [&heard, i](double, std::string_view note) {
      heard[static_cast<std::size_t>(i)].emplace_back(note);
    };
    jobs.push_back(
        pool.with({.onProgress = listen}).deferToProcess<progress_jobs::reportNumber>(i));
  }
  valueOf(gatherResults(std::move(jobs)));
  for (int i = 0; i < kJobs; ++i) {
    const auto& notes = heard[static_cast<std::size_t>(i)];
    ASSERT_FALSE(notes.empty());
    EXPECT_EQ(notes.back(), "job " + std::to_string(i));
    for (const auto& note : notes) EXPECT_THAT(note, EndsWith(" " + std::to_string(i)));
  }
}

TEST_F(PoolProgressTest, FromAnotherThreadItIsALogicErrorThereAndTheJobGoesOn) {
  auto& pool = makePool({.max = 1});
  EXPECT_THAT(valueOf(pool.with(listening()).deferToProcess<progress_jobs::reportFromAThread>()),
              HasSubstr("another thread"));
  EXPECT_THAT(heard_, ElementsAre(Pair(1.0, "")));
  EXPECT_EQ(pool.stats().deaths, 0u);
}

TEST_F(PoolProgressTest, ACancelledJobIsNotHeardOfAgain) {
  auto& pool = makePool({.max = 1});
  const auto fifo = makeFifo("held");
  auto job = pool.with(listening()).deferToProcess<progress_jobs::reportUntilCancelled>(fifo);
  runUntil([&] { return !heard_.empty(); });
  job.cancel();
  const auto before = heard_.size();
  EXPECT_FALSE(await(std::move(job)).ok());
  letGo(fifo);
  valueOf(pool.deferToProcess<progress_jobs::reportMany>(1));
  EXPECT_EQ(heard_.size(), before);
}

TEST_F(PoolProgressTest, WhatIsNoFractionIsBroughtInside) {
  auto& pool = makePool({.max = 1});
  const std::vector<std::pair<double, double>> cases{{-1, 0}, {17, 1}, {std::nan(""), 0}};
  for (const auto& [said, heard] : cases) {
    heard_.clear();
    valueOf(pool.with(listening()).deferToProcess<progress_jobs::reportOnce>(said));
    EXPECT_THAT(heard_, ElementsAre(Pair(heard, "once")));
  }
}

}  // namespace
}  // namespace phial
