// ProcessPool::onEveryWorker, and jobs with JobOptions::freshWorker.
#include <signal.h>

#include <algorithm>
#include <set>

#include "lease_jobs.h"
#include "pool_fixture.h"
#include "startup_fixture.h"

namespace phial {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EveryWorkerTest : public PoolStartupTest {
 protected:
  /// The values of all outcomes; those that failed are left out.
  template <class R>
  static std::vector<R> valuesOf(const std::vector<WorkerOutcome<R>>& outcomes) {
    std::vector<R> values;
    for (const auto& each : outcomes) {
      if (each.outcome.ok()) values.push_back(each.outcome.value());
    }
    return values;
  }
  ProcessPool& startedPool(std::size_t workers) {
    auto& pool = makePool({.min = workers, .max = workers});
    valueOf(pool.start());
    return pool;
  }
};

TEST_F(EveryWorkerTest, EachReadyWorkerMakesTheCallOnce) {
  auto& pool = startedPool(3);
  const auto set = valueOf(pool.onEveryWorker<lease_jobs::exchangeGlobal>(5));
  ASSERT_THAT(set, SizeIs(3));
  EXPECT_THAT(valuesOf(set), Each(0));
  EXPECT_THAT(valuesOf(valueOf(pool.onEveryWorker<lease_jobs::exchangeGlobal>(6))), Each(5));
  const auto pids = valuesOf(valueOf(pool.onEveryWorker<jobs::whoAmI>()));
  EXPECT_THAT(std::set(pids.begin(), pids.end()), SizeIs(3));
  const auto workers = pool.workers();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(set[i].worker, workers[i].number);
}

TEST_F(EveryWorkerTest, WithoutReadyWorkersThereIsNoOutcome) {
  auto& pool = makePool();
  EXPECT_THAT(valueOf(pool.onEveryWorker<lease_jobs::exchangeGlobal>(5)), IsEmpty());
}

TEST_F(EveryWorkerTest, EachWorkerHasItsOwnOutcomeAlsoBesideDeaths) {
  auto& pool = startedPool(3);
  const pid_t survivor = valueOf(pool.deferToProcess<jobs::whoAmI>());
  const auto outcomes = valueOf(pool.onEveryWorker<lease_jobs::crashUnless>(survivor));
  ASSERT_THAT(outcomes, SizeIs(3));
  EXPECT_EQ(std::ranges::count_if(outcomes, [](const auto& each) { return each.outcome.ok(); }), 1);
  for (const auto& each : outcomes) {
    if (each.outcome.ok()) continue;
    ASSERT_TRUE(each.outcome.failure().template check<WorkerDied>());
    EXPECT_EQ(each.outcome.failure().certificate()->worker, each.worker);
  }
}

TEST_F(EveryWorkerTest, AWorkerKilledBeforeItsCallIsAnOutcomeToo) {
  auto& pool = startedPool(2);
  const std::string fifo = makeFifo("busy");
  auto busy = pool.deferToProcess<jobs::waitFor>(fifo);
  auto all = pool.onEveryWorker<lease_jobs::exchangeGlobal>(1);
  std::move(busy).addErrback([](const Failure&) { return std::string(); });
  runUntil([&] {
    const int writer = ::open(fifo.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    if (writer < 0) return false;
    pool.killWorkers();
    passTurns();
    ::close(writer);
    return true;
  });
  const auto outcomes = valueOf(std::move(all));
  ASSERT_THAT(outcomes, SizeIs(2));
  const bool died = std::ranges::any_of(outcomes, [](const auto& each) {
    return !each.outcome.ok() && each.outcome.failure().template check<WorkerDied>() &&
           !each.outcome.failure().mayHaveRun();
  });
  EXPECT_TRUE(died);
}

TEST_F(EveryWorkerTest, ABusyWorkerMakesTheCallBetweenItsJobs) {
  auto& pool = startedPool(1);
  std::vector<Deferred<std::uint64_t>> jobs;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    jobs.push_back(pool.deferToProcess<lease_jobs::count>(i));
  }
  bool before = false;
  auto all = pool.onEveryWorker<lease_jobs::exchangeGlobal>(3).addCallback(
      [&](auto&&) { before = pool.stats().queued > 0; });
  valueOf(gatherResults(std::move(jobs)));
  valueOf(std::move(all));
  EXPECT_TRUE(before) << "it does not wait for the whole queue";
}

TEST_F(EveryWorkerTest, ALeasedWorkerMakesTheCallOutsideOfItsLease) {
  auto& pool = startedPool(2);
  const Lease lease = valueOf(pool.lease());
  EXPECT_EQ(valueOf(lease.deferToProcess<lease_jobs::add>(1)), 1);
  const auto outcomes = valueOf(pool.onEveryWorker<lease_jobs::add>(1));
  ASSERT_THAT(outcomes, SizeIs(2));
  EXPECT_THAT(valuesOf(outcomes), IsEmpty()) << "it has no session";
  EXPECT_EQ(valueOf(lease.deferToProcess<lease_jobs::add>(1)), 2);
}

void setGlobal(int number) { lease_jobs::exchangeGlobal(number); }
void failHere() { lease_jobs::throwAlways(); }

TEST_F(EveryWorkerTest, LaterWorkersMakeTheCallBeforeTheirFirstJob) {
  auto& pool = startedPool(1);
  valueOf(pool.onEveryWorker<setGlobal, EveryWorker::laterToo>(4));
  EXPECT_EQ(valueOf(pool.deferToProcess<lease_jobs::exchangeGlobal>(0)), 4);
  valueOf(pool.killWorkers());
  EXPECT_EQ(valueOf(pool.deferToProcess<lease_jobs::exchangeGlobal>(0)), 4);
  valueOf(pool.onEveryWorker<setGlobal, EveryWorker::laterToo>(9));
  valueOf(pool.killWorkers());
  EXPECT_EQ(valueOf(pool.deferToProcess<lease_jobs::exchangeGlobal>(0)), 9)
      << "the later call takes the place of the earlier one";
}

TEST_F(EveryWorkerTest, LaterWorkersInWhichItThrowsDoNotServe) {
  auto& pool = makePool({.max = 1}, &clock_);
  valueOf(pool.onEveryWorker<failHere, EveryWorker::laterToo>());
  const Failure failure = failureOverPauses(pool, pool.start());
  EXPECT_TRUE(failure.check<StartupFailed>());
  EXPECT_THAT(failure.describe(), HasSubstr("not here"));
}

TEST_F(EveryWorkerTest, AWorkerThatHasMadeOnlySuchCallsIsFresh) {
  auto& pool = startedPool(1);
  const auto pids = valuesOf(valueOf(pool.onEveryWorker<jobs::whoAmI>()));
  const pid_t fresh = valueOf(pool.with({.freshWorker = true}).deferToProcess<jobs::whoAmI>());
  EXPECT_THAT(pids, ::testing::ElementsAre(fresh));
}

// freshWorker.

TEST_F(EveryWorkerTest, FiftyFreshJobsInARowMeetFiftyWorkers) {
  auto& pool = makePool({.max = 2});
  const Submitter fresh = pool.with({.freshWorker = true});
  std::set<pid_t> pids;
  for (int i = 1; i <= 50; ++i) {
    ASSERT_EQ(valueOf(fresh.deferToProcess<lease_jobs::exchangeGlobal>(i)), 0);
  }
  std::vector<Deferred<pid_t>> together;
  for (int i = 0; i < 20; ++i) together.push_back(fresh.deferToProcess<jobs::whoAmI>());
  for (const pid_t pid : valueOf(gatherResults(std::move(together)))) pids.insert(pid);
  EXPECT_THAT(pids, SizeIs(20));
}

TEST_F(EveryWorkerTest, FreshJobsAndOthersShareAPoolOfOne) {
  auto& pool = makePool({.max = 1});
  std::vector<Deferred<int>> all;
  for (int i = 0; i < 30; ++i) {
    all.push_back(
        i % 3 == 0 ? pool.with({.freshWorker = true}).deferToProcess<lease_jobs::exchangeGlobal>(1)
                   : pool.deferToProcess<lease_jobs::exchangeGlobal>(1));
  }
  const auto before = valueOf(gatherResults(std::move(all)));
  for (std::size_t i = 0; i < before.size(); i += 3) EXPECT_EQ(before[i], 0);
}

}  // namespace
}  // namespace phial
