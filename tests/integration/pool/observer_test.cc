// What an observer hears, and when.
#include <signal.h>

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "pool_fixture.h"

namespace phial {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Writes down each event in a few words, and keeps the jobs' ends.
class Recorder : public PoolObserver {
 public:
  void jobQueued(const JobReport& job) override { note("queued", job); }
  void jobDispatched(const JobReport& job) override { note("dispatched", job); }
  void jobRequeued(const JobReport& job, const DeathCertificate& death) override {
    note("requeued", job);
    deaths.push_back(death);
  }
  void jobSettled(const JobReport& job) override {
    note("settled", job);
    settled[job.id] = job;
  }
  void workerSpawned(const WorkerStatus& worker) override { note("spawned", worker.number); }
  void workerReady(const WorkerStatus& worker) override { note("ready", worker.number); }
  void workerDied(const DeathCertificate& death) override {
    note("died", death.worker);
    deaths.push_back(death);
  }

  std::vector<std::string> events;
  std::map<std::uint64_t, JobReport> settled;
  std::vector<DeathCertificate> deaths;

 private:
  void note(const std::string& what, const JobReport& job) {
    events.push_back(what + " job " + std::to_string(job.id));
  }
  void note(const std::string& what, std::uint64_t worker) {
    events.push_back(what + " worker " + std::to_string(worker));
  }
};

class PoolObserverTest : public PoolTest {
 protected:
  ProcessPool& makeObservedPool(PoolOptions options) {
    auto& pool = makePool(std::move(options));
    observation_ = pool.observe(recorder_);
    return pool;
  }
  std::shared_ptr<Recorder> recorder_ = std::make_shared<Recorder>();
  Observation observation_;
};

TEST_F(PoolObserverTest, HearsOfAJobAndItsWorkerInOrder) {
  auto& pool = makeObservedPool({.max = 1});
  valueOf(pool.deferToProcess<jobs::doNothing>());
  valueOf(pool.stop());
  EXPECT_THAT(recorder_->events, ElementsAre("queued job 1", "spawned worker 1", "ready worker 1",
                                             "dispatched job 1", "settled job 1", "died worker 1"));
  EXPECT_EQ(recorder_->deaths.front().cause, DeathCause::shutdown);
}

TEST_F(PoolObserverTest, AReportSaysWhatTheJobWasAndWhenItCameWhere) {
  auto& pool = makeObservedPool({.max = 1});
  valueOf(pool.with({.priority = 3, .label = "first"}).deferToProcess<jobs::isPrime>(1'000'003U));
  const JobReport& job = recorder_->settled.at(1);
  EXPECT_EQ(job.function, "jobs::isPrime");
  EXPECT_EQ(job.label, "first");
  EXPECT_EQ(job.priority, 3);
  EXPECT_EQ(job.worker, 1U);
  EXPECT_EQ(job.attempts, 1U);
  EXPECT_EQ(job.outcome, JobOutcome::succeeded);
  EXPECT_FALSE(job.failure.has_value());
  const JobTimes& times = job.times;
  ASSERT_TRUE(times.dispatched && times.started && times.finished && times.settled);
  EXPECT_LE(times.queued, *times.dispatched);
  EXPECT_LE(*times.dispatched, *times.started);
  EXPECT_LT(*times.started, *times.finished);
  EXPECT_LE(*times.finished, *times.settled);
}

TEST_F(PoolObserverTest, HearsTheEndBeforeTheCallerDoes) {
  auto& pool = makeObservedPool({.max = 1});
  std::vector<std::string> heard;
  valueOf(pool.deferToProcess<jobs::doNothing>().addCallback([&] { heard = recorder_->events; }));
  EXPECT_EQ(heard.back(), "settled job 1");
}

TEST_F(PoolObserverTest, ACrashIsHeardWithItsFailureAndItsCertificate) {
  auto& pool = makeObservedPool({.max = 1});
  failureOf(pool.deferToProcess<jobs::dieOf>(SIGSEGV));
  const JobReport& job = recorder_->settled.at(1);
  EXPECT_EQ(job.outcome, JobOutcome::failed);
  ASSERT_TRUE(job.failure.has_value());
  EXPECT_TRUE(job.failure->check<WorkerDied>());
  EXPECT_TRUE(job.times.started.has_value());
  EXPECT_FALSE(job.times.finished.has_value());
  EXPECT_EQ(recorder_->deaths.front().job, 1U);
}

TEST_F(PoolObserverTest, AJobThatRunsElsewhereIsRequeuedAndSettlesOnce) {
  auto& pool = makeObservedPool({.max = 1});
  valueOf(pool.with({.rerun = Rerun::always}).deferToProcess<jobs::dieOnce>(directory_ + "/once"));
  const JobReport& job = recorder_->settled.at(1);
  EXPECT_EQ(job.attempts, 2U);
  EXPECT_EQ(job.worker, 2U);
  EXPECT_EQ(std::count(recorder_->events.begin(), recorder_->events.end(), "requeued job 1"), 1);
  EXPECT_EQ(std::count(recorder_->events.begin(), recorder_->events.end(), "settled job 1"), 1);
}

TEST_F(PoolObserverTest, CancelledAndRefusedJobsAreHeardToo) {
  auto& pool = makeObservedPool({.max = 1});
  auto job = pool.deferToProcess<jobs::doNothing>();
  job.cancel();
  EXPECT_FALSE(await(std::move(job)).ok());
  valueOf(pool.stop());
  failureOf(pool.deferToProcess<jobs::doNothing>());
  runUntil([&] { return recorder_->settled.size() == 2; });
  EXPECT_EQ(recorder_->settled.at(1).outcome, JobOutcome::cancelled);
  EXPECT_EQ(recorder_->settled.at(2).outcome, JobOutcome::failed);
  EXPECT_TRUE(recorder_->settled.at(2).failure->check<PoolStopped>());
  EXPECT_FALSE(recorder_->settled.at(2).times.dispatched.has_value());
}

TEST_F(PoolObserverTest, AnObserverThatThrowsHarmsNobody) {
  class Thrower : public PoolObserver {
    void jobSettled(const JobReport&) override { throw std::runtime_error("no pen"); }
  };
  auto& pool = makePool({.max = 1});
  const auto observation = pool.observe(std::make_shared<Thrower>());
  const auto second = pool.observe(recorder_);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
  EXPECT_THAT(log_.str(), ::testing::HasSubstr("std::runtime_error: no pen"));
  EXPECT_EQ(recorder_->settled.size(), 1U);
}

TEST_F(PoolObserverTest, AnObserverMayUseAndDestroyThePool) {
  class Destroyer : public PoolObserver {
   public:
    explicit Destroyer(std::function<void()> f) : f_(std::move(f)) {}
    void jobSettled(const JobReport&) override { f_(); }

   private:
    std::function<void()> f_;
  };
  auto& pool = makePool({.max = 1});
  const auto observation = pool.observe(std::make_shared<Destroyer>([&] { pool_.reset(); }));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
  EXPECT_EQ(pool_, nullptr);
}

TEST_F(PoolObserverTest, OneThatWasRemovedHearsNothingMoreAndIsLetGo) {
  auto& pool = makeObservedPool({.max = 1});
  const auto others = std::make_shared<Recorder>();
  const auto other = pool.observe(others);
  EXPECT_TRUE(observation_.active());
  observation_.stop();
  EXPECT_FALSE(observation_.active());
  EXPECT_EQ(recorder_.use_count(), 1);
  valueOf(pool.deferToProcess<jobs::doNothing>());
  EXPECT_THAT(recorder_->events, IsEmpty());
  EXPECT_EQ(others->settled.size(), 1U);
}

TEST_F(PoolObserverTest, AnObserverMayEndItsOwnObservationAndOthers) {
  class Ender : public PoolObserver {
   public:
    Ender(Observation& own, Observation& other) : own_(own), other_(other) {}
    void jobQueued(const JobReport&) override {
      ++calls;
      other_.stop();
      own_.stop();
    }
    int calls = 0;

   private:
    Observation& own_;
    Observation& other_;
  };
  auto& pool = makePool({.max = 1});
  Observation own;
  Observation other;
  const auto ender = std::make_shared<Ender>(own, other);
  own = pool.observe(ender);
  other = pool.observe(recorder_);
  valueOf(pool.deferToProcess<jobs::doNothing>());
  EXPECT_EQ(ender->calls, 1);
  EXPECT_THAT(recorder_->events, IsEmpty());
}

TEST_F(PoolObserverTest, AnObservationMayOutliveThePoolAndNullIsNone) {
  auto& pool = makeObservedPool({.max = 1});
  EXPECT_THROW(static_cast<void>(pool.observe(nullptr)), std::invalid_argument);
  pool_.reset();
  observation_.stop();
  EXPECT_EQ(recorder_.use_count(), 1);
}

TEST_F(PoolObserverTest, StatsCountWaitingAndRunning) {
  auto& pool = makePool({.max = 1});
  for (int i = 0; i < 5; ++i) valueOf(pool.deferToProcess<jobs::isPrime>(1'000'003U));
  failureOf(pool.deferToProcess<jobs::throwNumber>());
  failureOf(pool.deferToProcess<jobs::dieOf>(SIGKILL));
  const PoolStats stats = pool.stats();
  EXPECT_EQ(stats.queueWait.count(), 7U);
  EXPECT_EQ(stats.runTime.count(), 6U) << "what was cut off has no running time";
  EXPECT_GT(stats.runTime.min(), Duration::zero());
  EXPECT_LE(stats.runTime.quantile(0.5), stats.runTime.max());
}

}  // namespace
}  // namespace phial
