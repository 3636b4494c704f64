// Hosts that wait for every child, or ignore SIGCHLD: a pool goes on, and knows less of its deaths.
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <variant>

#include "host_jobs.h"
#include "tests/integration/pool/pool_fixture.h"

namespace phial {
namespace {

void reapEveryChild(int) {
  const int before = errno;
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  errno = before;
}

class HostReapingTest : public PoolTest, public ::testing::WithParamInterface<void (*)(int)> {
 protected:
  HostReapingTest() { ::sigaction(SIGCHLD, nullptr, &before_); }
  ~HostReapingTest() override { ::sigaction(SIGCHLD, &before_, nullptr); }

 private:
  struct sigaction before_{};
};

TEST_P(HostReapingTest, JobsRunAndADeathCostsOneJob) {
  ::signal(SIGCHLD, GetParam());
  ProcessPool& pool = makePool({.max = 2});
  EXPECT_EQ(valueOf(pool.deferToProcess<host::addOne>(1)), 2);
  const Failure failure = failureOf(pool.deferToProcess<host::die>());
  ASSERT_NE(failure.certificate(), nullptr);
  EXPECT_EQ(failure.certificate()->cause, DeathCause::reaped);
  EXPECT_TRUE(std::holds_alternative<StatusUnknown>(failure.certificate()->status));
  EXPECT_EQ(valueOf(pool.deferToProcess<host::addOne>(2)), 3);
}

TEST_P(HostReapingTest, StopReloadAndTimeoutEnd) {
  ::signal(SIGCHLD, GetParam());
  ProcessPool& pool = makePool({.min = 2, .max = 2});
  valueOf(pool.start());
  valueOf(pool.reload());
  const JobOptions limited{.timeout = std::chrono::milliseconds(20)};
  EXPECT_TRUE(failureOf(pool.with(limited).deferToProcess<host::hang>()).check<JobTimedOut>());
  EXPECT_EQ(valueOf(pool.deferToProcess<host::addOne>(2)), 3);
  valueOf(pool.stop());
  EXPECT_EQ(pool.stats().workers, 0U);
}

INSTANTIATE_TEST_SUITE_P(Hosts, HostReapingTest, ::testing::Values(SIG_IGN, &reapEveryChild),
                         [](const auto& tested) {
                           return tested.index == 0 ? "IgnoresSigchld" : "WaitsForEveryChild";
                         });

}  // namespace
}  // namespace phial
