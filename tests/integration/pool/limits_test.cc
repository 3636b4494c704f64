// Each limit met for real by a job. That of address space is in address_space_test.cc.
#include <sys/resource.h>

#include <cerrno>
#include <csignal>

#include "limit_jobs.h"
#include "pool_fixture.h"

namespace phial {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PoolLimitsTest : public PoolTest {
 protected:
  ProcessPool& makePoolWithin(Limits limits) {
    return makePool({.max = 1, .limits = std::move(limits)});
  }

  /// The certificate with which `deferred` fails, of a worker that `signal` ended.
  template <class T>
  DeathCertificate deathOf(Deferred<T> deferred, int signal) {
    const Failure failure = failureOf(std::move(deferred));
    if (!failure.check<WorkerDied>()) {
      ADD_FAILURE() << failure.type() << ": " << failure.message();
      return {};
    }
    auto death = failure.as<WorkerDied>()->certificate();
    EXPECT_TRUE(std::holds_alternative<Signalled>(death.status)) << death.describe();
    if (const auto* end = std::get_if<Signalled>(&death.status)) {
      EXPECT_EQ(end->signal, signal);
    }
    return death;
  }

  /// Lets processes dump cores, as far as that is ours to say, until the test ends.
  void allowCores() {
    ASSERT_EQ(::getrlimit(RLIMIT_CORE, &coreBefore_), 0);
    const rlimit all{coreBefore_.rlim_max, coreBefore_.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_CORE, &all), 0);
    restoreCore_ = true;
  }
  ~PoolLimitsTest() override {
    if (restoreCore_) ::setrlimit(RLIMIT_CORE, &coreBefore_);
  }

 private:
  rlimit coreBefore_{};
  bool restoreCore_ = false;
};

TEST_F(PoolLimitsTest, AJobThatUsesUpTheProcessorTimeEndsItsWorker) {
  auto& pool = makePoolWithin({.cpuTime = seconds(1), .coreDumps = CoreDumps::off});
  const auto death = deathOf(pool.deferToProcess<jobs::compute>(), SIGXCPU);
  EXPECT_EQ(death.cause, DeathCause::crash);
  EXPECT_EQ(death.detail, "it met its limit of 1 s of CPU time, which counts all its jobs");
  EXPECT_THAT(log_.str(), HasSubstr("it met its limit of 1 s of CPU time"));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
}

TEST_F(PoolLimitsTest, ItEndsAlsoOneThatIgnoresTheFirstSignal) {
  auto& pool = makePoolWithin({.cpuTime = seconds(1)});
  const auto death = deathOf(pool.deferToProcess<jobs::computeIgnoringTheLimit>(), SIGKILL);
  EXPECT_EQ(death.cause, DeathCause::crash);
}

TEST_F(PoolLimitsTest, AJobIsRefusedTheDescriptorThatIsTooMany) {
  auto& pool = makePoolWithin({.openFiles = 24});
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::openUntilRefused>()), EMFILE);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolLimitsTest, AFileMayGrowToItsLimitAndNoFurther) {
  auto& pool = makePoolWithin({.fileSizeBytes = 100'000, .coreDumps = CoreDumps::off});
  const std::string path = directory_ + "/file";
  valueOf(pool.deferToProcess<jobs::writeFile>(path, 100'000));
  const auto death = deathOf(pool.deferToProcess<jobs::writeFile>(path, 100'001), SIGXFSZ);
  EXPECT_EQ(death.cause, DeathCause::crash);
  EXPECT_EQ(death.detail, "it met its limit of 100000 bytes for a file");
  EXPECT_EQ(std::filesystem::file_size(path), 100'000U);
}

TEST_F(PoolLimitsTest, ACrashDumpsNoCoreWhenTheyAreOff) {
  allowCores();
  auto& pool = makePoolWithin({.coreDumps = CoreDumps::off});
  const auto death = deathOf(pool.deferToProcess<jobs::dieOf>(SIGABRT), SIGABRT);
  ASSERT_TRUE(std::holds_alternative<Signalled>(death.status));
  EXPECT_EQ(std::get<Signalled>(death.status).core, Signalled::Core::notDumped);
}

TEST_F(PoolLimitsTest, WorkersAreNicerThanTheMaster) {
  auto& pool = makePoolWithin({.niceness = 7});
  const int ours = ::getpriority(PRIO_PROCESS, 0);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::myNiceness>()), std::min(ours + 7, 19));
}

TEST_F(PoolLimitsTest, WorkersKeepToTheirCores) {
  const int last = jobs::myCores().back();
  auto& pool = makePoolWithin({.affinity = {last}});
  EXPECT_THAT(valueOf(pool.deferToProcess<jobs::myCores>()), ElementsAre(last));
}

TEST_F(PoolLimitsTest, WorkersGainNoPrivileges) {
  auto& pool = makePoolWithin({.noNewPrivileges = true});
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::myStatus>("NoNewPrivs")), "1");
}

TEST_F(PoolLimitsTest, ALimitThatCannotBeSetFailsTheStartAtOnce) {
  auto& pool = makePoolWithin({.affinity = {8191}});
  const Failure failure = failureOf(pool.deferToProcess<jobs::add>(1, 2));
  ASSERT_TRUE(failure.check<StartupFailed>()) << failure.message();
  EXPECT_THAT(failure.describe(), HasSubstr("sched_setaffinity"));
  EXPECT_THAT(failure.describe(), HasSubstr("Invalid argument"));
  EXPECT_EQ(pool.stats().spawned, 1U);
}

TEST_F(PoolLimitsTest, LimitsThatCannotBeMeantAreRefusedByThePool) {
  for (const Limits& limits :
       {Limits{.addressSpaceBytes = 0}, Limits{.cpuTime = Duration::zero()}, Limits{.openFiles = 0},
        Limits{.niceness = 40}, Limits{.affinity = {-1}}}) {
    EXPECT_THROW(ProcessPool(*reactor_, {.limits = limits}), std::invalid_argument);
  }
}

}  // namespace
}  // namespace phial
