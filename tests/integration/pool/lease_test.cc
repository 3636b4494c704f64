// Leases of worker processes: what the holder has, and what becomes of worker and session.
#include <signal.h>

#include <numeric>

#include "lease_jobs.h"
#include "pool_fixture.h"
#include "startup_fixture.h"

namespace phial {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class LeaseTest : public PoolStartupTest {
 protected:
  Lease leaseOf(ProcessPool& pool, LeaseOptions options = {}) {
    return valueOf(pool.lease(options));
  }
  /// Runs the loop until the lease has ended.
  void awaitEnd(const Lease& lease) { static_cast<void>(await(lease.whenOver())); }
  pid_t pidOf(const Lease& lease) { return valueOf(lease.deferToProcess<jobs::whoAmI>()); }
};

TEST_F(LeaseTest, TheSessionLastsFromCallToCall) {
  auto& pool = makePool({.max = 2});
  const Lease lease = leaseOf(pool);
  EXPECT_EQ(valueOf(lease.deferToProcess<lease_jobs::add>(2)), 2);
  EXPECT_EQ(valueOf(lease.deferToProcess<lease_jobs::append>("a")), "a") << "another type";
  EXPECT_EQ(valueOf(lease.deferToProcess<lease_jobs::add>(3)), 5);
  EXPECT_EQ(valueOf(lease.with({.label = "b"}).deferToProcess<lease_jobs::append>("b")), "ab");
}

TEST_F(LeaseTest, TwoLeasesShareNothing) {
  auto& pool = makePool({.max = 3});
  const Lease first = leaseOf(pool);
  const Lease second = leaseOf(pool);
  EXPECT_NE(first.worker(), second.worker());
  EXPECT_EQ(valueOf(first.deferToProcess<lease_jobs::add>(1)), 1);
  EXPECT_EQ(valueOf(second.deferToProcess<lease_jobs::add>(10)), 10);
  EXPECT_NE(pidOf(first), pidOf(second));
}

TEST_F(LeaseTest, OutsideOfALeaseThereIsNoSession) {
  auto& pool = makePool();
  const Failure failure = failureOf(pool.deferToProcess<lease_jobs::add>(1));
  EXPECT_TRUE(failure.check<std::logic_error>());
  EXPECT_THAT(failure.message(), HasSubstr("outside of a lease"));
}

TEST_F(LeaseTest, AnotherThreadHasNoSession) {
  auto& pool = makePool();
  EXPECT_THAT(valueOf(leaseOf(pool).deferToProcess<lease_jobs::askFromThread>()),
              HasSubstr("another thread"));
}

TEST_F(LeaseTest, AConstructorThatThrowsFailsTheJobAlone) {
  auto& pool = makePool();
  const Lease lease = leaseOf(pool);
  EXPECT_THAT(failureOf(lease.deferToProcess<lease_jobs::makeThrower>()).message(),
              HasSubstr("cannot be made"));
  EXPECT_EQ(valueOf(lease.deferToProcess<lease_jobs::add>(1)), 1);
}

TEST_F(LeaseTest, ADestructorThatThrowsIsALineInTheLog) {
  auto& pool = makePool({.max = 1});
  Lease lease = leaseOf(pool, {.after = After::reuse});
  const pid_t pid = pidOf(lease);
  valueOf(lease.deferToProcess<lease_jobs::makeUnruly>());
  lease.release();
  EXPECT_TRUE(await(lease.whenOver()).ok());
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::whoAmI>()), pid);
  EXPECT_THAT(log_.str(), HasSubstr("the session cannot be ended"));
}

TEST_F(LeaseTest, TheNextHolderNeverMeetsTheGlobalsOfTheLast) {
  auto& pool = makePool({.max = 1});
  for (int i = 1; i <= 3; ++i) {
    const Lease lease = leaseOf(pool);
    EXPECT_EQ(valueOf(lease.deferToProcess<lease_jobs::exchangeGlobal>(i)), 0);
  }
}

TEST_F(LeaseTest, AReusedWorkerKeepsItsGlobalsButNotTheSession) {
  auto& pool = makePool({.max = 1});
  const std::string ends = directory_ + "/ends";
  for (int i = 1; i <= 3; ++i) {
    const Lease lease = leaseOf(pool, {.after = After::reuse});
    EXPECT_EQ(valueOf(lease.deferToProcess<lease_jobs::exchangeGlobal>(i)), i - 1);
    EXPECT_EQ(valueOf(lease.deferToProcess<lease_jobs::add>(1)), 1);
    valueOf(lease.deferToProcess<lease_jobs::tellEnd>(ends));
  }
  valueOf(pool.deferToProcess<jobs::whoAmI>());
  EXPECT_THAT(linesOf(ends), SizeIs(3));
  EXPECT_EQ(pool.stats().spawned, 1U);
}

TEST_F(LeaseTest, ARetiredWorkerDestroysTheSessionToo) {
  auto& pool = makePool({.max = 1});
  const std::string ends = directory_ + "/ends";
  {
    const Lease lease = leaseOf(pool);
    valueOf(lease.deferToProcess<lease_jobs::tellEnd>(ends));
  }
  runUntil([&] { return pool.stats().recycled == 1; });
  EXPECT_THAT(linesOf(ends), SizeIs(1));
}

TEST_F(LeaseTest, ADestructorThatHangsIsEndedAndTheWorkerReplaced) {
  auto& pool = makePool({.max = 1, .startTimeout = hours(1)}, &clock_);
  const Lease lease = leaseOf(pool, {.after = After::reuse});
  valueOf(lease.deferToProcess<lease_jobs::makeSlow>(makeFifo("slow")));
  lease.release();
  passTurns();
  clock_.advance(hours(2));
  const Failure failure = failureOf(lease.whenOver());
  ASSERT_TRUE(failure.check<WorkerDied>());
  EXPECT_EQ(failure.certificate()->cause, DeathCause::unresponsive);
  EXPECT_THAT(failure.describe(), HasSubstr("session"));
}

TEST_F(LeaseTest, AMapOnALeaseRunsInOrderInItsWorker) {
  auto& pool = makePool({.max = 2});
  std::vector<std::uint64_t> numbers(5000);
  std::iota(numbers.begin(), numbers.end(), 0);
  // The handle is gone before the map has ended.
  auto mapped = pool.lease().addCallback(
      [&](const Lease& lease) { return lease.map<lease_jobs::count>(numbers); });
  EXPECT_EQ(valueOf(std::move(mapped)), numbers);
  std::vector<int> sums(100);
  std::iota(sums.begin(), sums.end(), 1);
  std::partial_sum(sums.begin(), sums.end(), sums.begin());
  const Lease lease = leaseOf(pool);
  const std::vector<int> got = valueOf(lease.map<lease_jobs::add>(std::views::iota(1, 101)));
  EXPECT_EQ(got, sums);
}

TEST_F(LeaseTest, AThousandCallsOnALeaseTravelInBatches) {
  auto& pool = makePool({.max = 2});
  const Lease lease = leaseOf(pool);
  std::vector<Deferred<int>> calls;
  for (int i = 0; i < 1000; ++i) calls.push_back(lease.deferToProcess<lease_jobs::add>(1));
  const auto sums = valueOf(gatherResults(std::move(calls)));
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(sums[static_cast<std::size_t>(i)], i + 1);
}

TEST_F(LeaseTest, ALargeArgumentOfALeaseMeetsItsSession) {
  auto& pool = makePool();
  const Lease lease = leaseOf(pool);
  std::string large(3 << 20, 'x');
  EXPECT_EQ(valueOf(lease.deferToProcess<lease_jobs::append>(large)), large);
  EXPECT_EQ(valueOf(lease.deferToProcess<lease_jobs::append>("y")), large + "y");
}

TEST_F(LeaseTest, AHundredLeasesTakeTurnsOnTwoWorkers) {
  auto& pool = makePool({.min = 2, .max = 2, .maxLeases = 2});
  int served = 0;
  std::vector<Deferred<void>> all;
  for (int i = 0; i < 100; ++i) {
    const After after = i % 10 == 0 ? After::retire : After::reuse;
    all.push_back(pool.lease({.after = after}).addCallback([&served](Lease lease) {
      auto first = lease.deferToProcess<lease_jobs::add>(1);
      return std::move(first)
          .addCallback([lease](int) { return lease.deferToProcess<lease_jobs::add>(1); })
          .addCallback([&served](int sum) {
            EXPECT_EQ(sum, 2);
            ++served;
          });
    }));
  }
  valueOf(gatherResults(std::move(all)));
  EXPECT_EQ(served, 100);
  runUntil([&] { return pool.stats().leased == 0; });
}

TEST_F(LeaseTest, ALeaseBeyondTheLimitWaitsWhileJobsRun) {
  auto& pool = makePool({.max = 2});
  std::optional<Lease> first = leaseOf(pool);
  bool got = false;
  auto second = pool.lease().addCallback([&](const Lease& lease) {
    got = true;
    return lease.deferToProcess<lease_jobs::add>(7);
  });
  valueOf(pool.deferToProcess<jobs::whoAmI>());
  passTurns();
  EXPECT_FALSE(got);
  first.reset();
  EXPECT_EQ(valueOf(std::move(second)), 7);
}

TEST_F(LeaseTest, ReloadWaitsForALeaseAndReplacesItsWorker) {
  auto& pool = makePool({.max = 2});
  std::optional<Lease> lease = leaseOf(pool, {.after = After::reuse});
  const pid_t pid = pidOf(*lease);
  bool reloaded = false;
  auto reload = pool.reload().addCallback([&] { reloaded = true; });
  EXPECT_EQ(valueOf(lease->deferToProcess<lease_jobs::add>(1)), 1);
  passTurns();
  EXPECT_FALSE(reloaded);
  EXPECT_EQ(pidOf(*lease), pid);
  lease.reset();
  valueOf(std::move(reload));
  EXPECT_NE(valueOf(pool.deferToProcess<jobs::whoAmI>()), pid);
}

TEST_F(LeaseTest, RecycleAfterWaitsForTheRelease) {
  auto& pool = makePool({.max = 1, .recycleAfter = 2});
  const Lease lease = leaseOf(pool);
  for (int i = 1; i <= 10; ++i) EXPECT_EQ(valueOf(lease.deferToProcess<lease_jobs::add>(1)), i);
}

}  // namespace
}  // namespace phial
