// What becomes of a lease when its worker dies, its holder goes, or its pool ends.
#include <signal.h>

#include "lease_jobs.h"
#include "pool_fixture.h"

namespace phial {
namespace {

class LeaseEndTest : public PoolTest {
 protected:
  Lease makeLease(PoolOptions options = {.max = 2}) {
    return valueOf(makePool(std::move(options)).lease());
  }
  pid_t pidOf(const Lease& lease) { return valueOf(lease.deferToProcess<jobs::whoAmI>()); }
  /// The lease has ended by this signal: it says so, and its worker is replaced.
  void expectKilled(const Lease& lease) {
    const Failure over = failureOf(lease.whenOver());
    ASSERT_TRUE(over.check<WorkerDied>());
    EXPECT_EQ(over.certificate()->status, ExitStatus(Signalled{SIGKILL}));
    EXPECT_TRUE(lease.over());
    const Failure later = failureOf(lease.deferToProcess<lease_jobs::add>(1));
    ASSERT_TRUE(later.check<WorkerDied>());
    EXPECT_EQ(later.certificate()->worker, lease.worker());
    EXPECT_FALSE(later.mayHaveRun());
    EXPECT_EQ(valueOf(pool_->deferToProcess<lease_jobs::count>(5)), 5U);
    EXPECT_EQ(pool_->stats().leased, 0U);
  }
};

TEST_F(LeaseEndTest, ItsWorkerIsKilledWhileIdle) {
  const Lease lease = makeLease();
  ::kill(pidOf(lease), SIGKILL);
  expectKilled(lease);
}

TEST_F(LeaseEndTest, ItsWorkerIsKilledWhileItRunsAJobAndOthersWait) {
  const Lease lease = makeLease();
  const pid_t pid = pidOf(lease);
  const std::string fifo = makeFifo("running");
  auto running = lease.with({.rerun = Rerun::always}).deferToProcess<jobs::waitFor>(fifo);
  auto behind = lease.deferToProcess<lease_jobs::add>(1);
  std::optional<Failure> failed;
  std::move(running).addErrback([&](const Failure& failure) {
    failed = failure;
    return std::string();
  });
  // It reads the FIFO by now, unless this is its first line.
  runUntil([&] {
    const int writer = ::open(fifo.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    if (writer < 0) return false;
    ::kill(pid, SIGKILL);
    ::close(writer);
    return true;
  });
  const Failure waiting = failureOf(std::move(behind));
  EXPECT_TRUE(waiting.check<WorkerDied>());
  EXPECT_FALSE(waiting.mayHaveRun());
  ASSERT_TRUE(failed);
  EXPECT_TRUE(failed->check<WorkerDied>()) << "and nothing runs again elsewhere";
  expectKilled(lease);
}

TEST_F(LeaseEndTest, AWorkerIsKilledWhileALeaseWaits) {
  const Lease held = makeLease({.max = 1});
  auto waiting = pool_->lease();
  ::kill(pidOf(held), SIGKILL);
  const Lease next = valueOf(std::move(waiting));
  EXPECT_NE(next.worker(), held.worker());
  EXPECT_EQ(valueOf(next.deferToProcess<lease_jobs::add>(1)), 1);
}

TEST_F(LeaseEndTest, KillWorkersEndsLeases) {
  const Lease lease = makeLease();
  valueOf(pool_->killWorkers());
  expectKilled(lease);
}

TEST_F(LeaseEndTest, ACrashInAMapOfOutcomesFailsWhatIsLeft) {
  const Lease lease = makeLease();
  const pid_t pid = pidOf(lease);
  auto all = lease.mapOutcomes<lease_jobs::add>(std::views::iota(1, 2001));
  ::kill(pid, SIGKILL);
  const auto outcomes = valueOf(std::move(all));
  ASSERT_EQ(outcomes.size(), 2000U);
  EXPECT_FALSE(outcomes.back().ok());
  EXPECT_TRUE(outcomes.back().failure().check<WorkerDied>());
}

TEST_F(LeaseEndTest, AJobThatIsCancelledAndDoesNotGiveUpCostsTheLease) {
  const Lease lease = makeLease({.max = 2, .grace = Duration::zero()});
  const std::string fifo = makeFifo("running");
  auto running = lease.deferToProcess<jobs::waitFor>(fifo);
  const DeferredHandle handle = running.handle();
  std::move(running).addErrback([](const Failure&) { return std::string(); });
  runUntil([&] {
    const int writer = ::open(fifo.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    if (writer < 0) return false;
    handle.cancel();
    runUntil([&] { return lease.over(); });
    ::close(writer);
    return true;
  });
  EXPECT_EQ(failureOf(lease.whenOver()).certificate()->cause, DeathCause::cancel);
}

TEST_F(LeaseEndTest, AHolderThatVanishesWhileItsJobRunsLosesNothing) {
  makePool({.max = 2});
  const std::string fifo = makeFifo("running");
  auto running = pool_->lease().addCallback(
      [&](const Lease& lease) { return lease.deferToProcess<jobs::waitFor>(fifo); });
  letGo(fifo);
  EXPECT_TRUE(await(std::move(running)).ok());
  runUntil([&] { return pool_->stats().recycled == 1; });
  EXPECT_EQ(pool_->stats().leased, 0U);
}

TEST_F(LeaseEndTest, StopWaitsForARunningJobOfALease) {
  const Lease lease = makeLease();
  const std::string fifo = makeFifo("running");
  auto running = lease.deferToProcess<jobs::waitFor>(fifo);
  auto stopped = pool_->stop();
  letGo(fifo);
  EXPECT_TRUE(await(std::move(running)).ok());
  valueOf(std::move(stopped));
  EXPECT_TRUE(failureOf(lease.deferToProcess<lease_jobs::add>(1)).check<PoolStopped>());
  EXPECT_TRUE(failureOf(lease.whenOver()).check<PoolStopped>());
}

TEST_F(LeaseEndTest, AHandleOutlivesPoolAndReactor) {
  std::optional<Lease> lease = makeLease();
  valueOf(pool_->stop());
  pool_.reset();
  EXPECT_TRUE(failureOf(lease->deferToProcess<lease_jobs::add>(1)).check<PoolStopped>());
  reactor_.reset();
  EXPECT_TRUE(lease->over());
  lease.reset();
}

TEST_F(LeaseEndTest, ThePoolIsDestroyedInACallbackOfTheLease) {
  makePool({.max = 2});
  bool destroyed = false;
  pool_->lease().addCallback([&](const Lease& lease) {
    pool_.reset();
    destroyed = true;
    EXPECT_TRUE(lease.over());
  });
  runUntil([&] { return destroyed; });
}

TEST_F(LeaseEndTest, AForkedChildMayDropItsCopyOfALease) {
  std::optional<Lease> lease = makeLease();
  const pid_t child = ::fork();
  if (child == 0) {
    lease.reset();
    ::_exit(0);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(valueOf(lease->deferToProcess<lease_jobs::add>(1)), 1);
}

}  // namespace
}  // namespace phial
