#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master.h>
#include <phial/service/metrics.h>
#include <phial/testing.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "tests/support/scratch_folder.h"

namespace phial {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::TestPool;

int twice(int n) { return 2 * n; }

/// The value of the sample that begins with `sample`, up to its blank; empty when there is none.
std::string valueOf(const std::string& text, const std::string& sample) {
  const auto at = text.find("\n" + sample + " ");
  if (at == std::string::npos) return "";
  const auto begin = at + 1 + sample.size() + 1;
  return text.substr(begin, text.find('\n', begin) - begin);
}

class MetricsTest : public ::testing::Test {
 protected:
  void runOne() {
    auto& pool = *pool_;
    int result = 0;
    pool.deferToProcess<twice>(1).addCallback([&](int n) { result = n; });
    pool.runAll();
    clock_.advance(Duration::zero());
    ASSERT_EQ(result, 2);
  }
  std::string read(const std::string& sample) const { return valueOf(metrics_->text(), sample); }

  ManualClock clock_;
  std::unique_ptr<Metrics> metrics_ = std::make_unique<Metrics>(clock_);
  std::unique_ptr<TestPool> pool_ = std::make_unique<TestPool>(clock_);
};

constexpr const char* kSucceeded =
    "phial_jobs_total{pool=\"p\",function=\"phial::(anonymous namespace)::twice\","
    "outcome=\"succeeded\"}";

TEST_F(MetricsTest, CountsJobsByPoolFunctionAndOutcome) {
  metrics_->add("p", *pool_);
  runOne();
  runOne();
  EXPECT_EQ(read(kSucceeded), "2") << metrics_->text();
  pool_->deferToProcess<twice>(1).addErrback([](const Failure&) { return 0; });
  pool_->killNext();
  clock_.advance(Duration::zero());
  EXPECT_THAT(metrics_->text(), HasSubstr("outcome=\"crashed\"} 1\n"));
  EXPECT_EQ(read("phial_worker_deaths_total{pool=\"p\",cause=\"crash\"}"), "1");
  EXPECT_EQ(read("phial_worker_deaths_total{pool=\"p\",cause=\"soft_timeout\"}"), "0");
}

TEST_F(MetricsTest, ShowsTheQueueAndTheAgeOfItsOldestJob) {
  metrics_->add("p", *pool_);
  auto first = pool_->with({.priority = -1}).deferToProcess<twice>(1);
  clock_.advance(std::chrono::milliseconds(1500));
  auto second = pool_->with({.priority = 1}).deferToProcess<twice>(1);
  EXPECT_EQ(read("phial_jobs_queued{pool=\"p\"}"), "2");
  EXPECT_EQ(read("phial_queue_oldest_seconds{pool=\"p\"}"), "1.5");
  first.cancel();
  second.cancel();
  EXPECT_EQ(read("phial_jobs_queued{pool=\"p\"}"), "0");
  EXPECT_EQ(read("phial_queue_oldest_seconds{pool=\"p\"}"), "0");
  std::move(first).addErrback([](const Failure&) { return 0; });
  std::move(second).addErrback([](const Failure&) { return 0; });
}

TEST_F(MetricsTest, NoCounterGoesDownWhenAPoolIsReplacedByAnother) {
  metrics_->add("p", *pool_);
  runOne();
  const auto starts = read("phial_worker_starts_total{pool=\"p\"}");
  EXPECT_EQ(starts, "1");
  pool_.reset();
  EXPECT_EQ(read(kSucceeded), "1");
  EXPECT_EQ(read("phial_worker_starts_total{pool=\"p\"}"), "1");
  EXPECT_EQ(read("phial_workers{pool=\"p\",state=\"idle\"}"), "0") << "gauges end with the pool";
  pool_ = std::make_unique<TestPool>(clock_);
  metrics_->add("p", *pool_);
  EXPECT_EQ(read(kSucceeded), "1");
  runOne();
  EXPECT_EQ(read(kSucceeded), "2");
  EXPECT_EQ(read("phial_worker_starts_total{pool=\"p\"}"), "2");
}

TEST_F(MetricsTest, JobsThatThePoolsEndFailsAreCounted) {
  metrics_->add("p", *pool_);
  auto job = pool_->deferToProcess<twice>(1);
  std::string inCallback;
  std::move(job).addErrback([&](const Failure&) {
    inCallback = metrics_->text();
    return 0;
  });
  pool_.reset();
  EXPECT_THAT(inCallback, HasSubstr("outcome=\"unavailable\"} 1\n")) << "also inside the callback";
  EXPECT_THAT(metrics_->text(), HasSubstr("outcome=\"unavailable\"} 1\n"));
}

TEST_F(MetricsTest, TwoPoolsAndTwoMetricsDoNotMix) {
  Metrics others(clock_);
  TestPool other(clock_);
  metrics_->add("p", *pool_);
  metrics_->add("q", other);
  others.add("p", *pool_);
  runOne();
  EXPECT_EQ(read(kSucceeded), "1");
  EXPECT_EQ(valueOf(others.text(), kSucceeded), "1");
  EXPECT_THAT(metrics_->text(), Not(HasSubstr("phial_jobs_total{pool=\"q\"")));
  metrics_.reset();
  runOne();
  EXPECT_EQ(valueOf(others.text(), kSucceeded), "2");
}

TEST_F(MetricsTest, ANameIsTakenWhileItsPoolLives) {
  TestPool other(clock_);
  metrics_->add("p", *pool_);
  EXPECT_THROW(metrics_->add("p", other), std::invalid_argument);
  pool_.reset();
  metrics_->add("p", other);
}

TEST_F(MetricsTest, EndedPoolsAreForgottenOldestFirst) {
  Metrics metrics(clock_, {.maxEndedPools = 2});
  for (int i = 0; i < 5; ++i) {
    TestPool pool(clock_);
    metrics.add(std::to_string(i), pool);
  }
  metrics.add("living", *pool_);
  const std::string text = metrics.text();
  EXPECT_THAT(text, Not(HasSubstr("pool=\"2\"")));
  EXPECT_THAT(text, HasSubstr("pool=\"3\""));
  EXPECT_THAT(text, HasSubstr("pool=\"4\""));
  EXPECT_THAT(text, HasSubstr("pool=\"living\""));
}

TEST_F(MetricsTest, NamesOfStrangersAreBoundedAndEscaped) {
  Metrics metrics(clock_, {.maxFunctions = 2});
  metrics.add("a\"b\\c\n\xFF", *pool_);
  for (const char* name : {"x\ny", "q\"", "third", "fourth"}) {
    pool_->call(name, {}).addErrback([](const Failure&) { return AnyValue(); });
    pool_->runNext();
  }
  clock_.advance(Duration::zero());
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr(R"(pool="a\"b\\c\n)"
                              "\xEF\xBF\xBD\",function=\"x\\ny\""));
  EXPECT_THAT(text, HasSubstr("function=\"other\",outcome=\"refused\"} 2\n"));
}

TEST_F(MetricsTest, TheLagOfTheLoopIsTheWorstOfLate) {
  Metrics metrics(clock_, {.lagInterval = std::chrono::milliseconds(100)});
  EXPECT_EQ(valueOf(metrics.text(), "phial_loop_lag_seconds"), "0");
  EXPECT_THROW(Metrics(clock_, {.lagInterval = Duration::zero()}), std::invalid_argument);
}

TEST_F(MetricsTest, ThePoolMayEndInsideAnObserverOfTheMetricsOwnEvents) {
  class Destroyer : public PoolObserver {
   public:
    explicit Destroyer(std::unique_ptr<TestPool>& pool) : pool_(pool) {}
    void jobSettled(const JobReport&) override { pool_.reset(); }

   private:
    std::unique_ptr<TestPool>& pool_;
  };
  const auto destroyer = pool_->observe(std::make_shared<Destroyer>(pool_));
  metrics_->add("p", *pool_);
  for (int i = 0; i < 3; ++i) {
    pool_->deferToProcess<twice>(1).addErrback([](const Failure&) { return 0; });
  }
  pool_->runNext();
  clock_.advance(Duration::zero());
  EXPECT_EQ(pool_, nullptr);
  EXPECT_EQ(read(kSucceeded), "1");
  EXPECT_THAT(metrics_->text(), HasSubstr("outcome=\"unavailable\"} 2\n"));
}

TEST_F(MetricsTest, PromtoolAcceptsTheText) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "promtool is not installed: scripts/setup service";
  }
  metrics_->add("p", *pool_);
  TestPool other(clock_);
  metrics_->add("an odd \"name\"\n\xFF", other);
  runOne();
  const ScratchFolder folder;
  const std::string file = folder.write("metrics", metrics_->text());
  const std::string report = folder.path("report");
  const int status =
      std::system(("promtool check metrics <" + file + " >" + report + " 2>&1").c_str());
  std::string said;
  if (std::FILE* in = std::fopen(report.c_str(), "r")) {
    char line[500];
    while (std::fgets(line, sizeof line, in) != nullptr) said += line;
    std::fclose(in);
  }
  EXPECT_EQ(status, 0) << said << metrics_->text();
  EXPECT_EQ(said, "");
}

}  // namespace
}  // namespace phial
