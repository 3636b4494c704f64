// Jobs that are refused memory: those that cope, and those that die of it and are told from a plain
// crash. Not with ThreadSanitizer, which lifts the limit when the worker begins.
#ifndef PHIAL_THREAD_SANITIZER
#include <csignal>
#include <cstdlib>

#include "limit_jobs.h"
#include "pool_fixture.h"

namespace phial {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kRoom = 64 * kMiB;
constexpr std::uint64_t kTooMuch = 1024 * kMiB;

class PoolAddressSpaceTest : public PoolTest {
 protected:
  PoolAddressSpaceTest() {
    const char* before = std::getenv(kVariable);
    if (before != nullptr) optionsBefore_ = before;
    // With AddressSanitizer, too, malloc shall return null, and a crash shall be a signal.
    const std::string options = "allocator_may_return_null=1:handle_segv=0";
    ::setenv(kVariable, (optionsBefore_.value_or("") + ":" + options).c_str(), 1);
  }
  ~PoolAddressSpaceTest() override {
    optionsBefore_ ? ::setenv(kVariable, optionsBefore_->c_str(), 1) : ::unsetenv(kVariable);
  }

  /// A pool whose worker has kRoom more than it needs to begin with, whatever that is here.
  ProcessPool& makeCrampedPool() {
    const auto needed = valueOf(makePool({.max = 1}).deferToProcess<jobs::addressSpaceInUse>());
    valueOf(pool_->stop());
    return makePool(
        {.max = 1, .limits = {.addressSpaceBytes = needed + kRoom, .coreDumps = CoreDumps::off}});
  }

  /// The certificate with which `deferred` fails.
  template <class T>
  DeathCertificate deathOf(Deferred<T> deferred) {
    const Failure failure = failureOf(std::move(deferred));
    if (const auto* died = failure.as<WorkerDied>()) return died->certificate();
    ADD_FAILURE() << failure.type() << ": " << failure.message();
    return {};
  }

  static void expectMemory(const DeathCertificate& death, int signal) {
    EXPECT_EQ(death.cause, DeathCause::memory) << death.describe();
    EXPECT_EQ(death.status, ExitStatus(Signalled{signal})) << death.describe();
    EXPECT_THAT(death.detail, HasSubstr("memory had been refused to its job, with a limit of "));
    EXPECT_THAT(death.describe(), HasSubstr("cause: it ran out of memory"));
  }

 private:
  static constexpr const char* kVariable = "ASAN_OPTIONS";
  std::optional<std::string> optionsBefore_;
};

TEST_F(PoolAddressSpaceTest, ARefusalIsAnExceptionOfTheJobAndTheWorkerServesOn) {
  auto& pool = makeCrampedPool();
  const pid_t worker = valueOf(pool.deferToProcess<jobs::whoAmI>());
  const Failure failure = failureOf(pool.deferToProcess<jobs::allocate>(kTooMuch));
  EXPECT_TRUE(failure.isRemote());
  EXPECT_TRUE(failure.check<std::bad_alloc>()) << failure.type();
  valueOf(pool.deferToProcess<jobs::allocate>(kMiB));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::whoAmI>()), worker);
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolAddressSpaceTest, AJobThatAbortsForWantOfMemoryIsNoPlainCrash) {
  auto& pool = makeCrampedPool();
  expectMemory(deathOf(pool.deferToProcess<jobs::allocateOrAbort>(kTooMuch)), SIGABRT);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
  EXPECT_EQ(pool.stats().deaths, 1U);
}

TEST_F(PoolAddressSpaceTest, NorIsOneThatUsesWhatItWasNotGiven) {
  auto& pool = makeCrampedPool();
  expectMemory(deathOf(pool.deferToProcess<jobs::allocateAndWrite>(kTooMuch)), SIGSEGV);
}

TEST_F(PoolAddressSpaceTest, AnUncaughtRefusalInAThreadIsNoPlainCrash) {
  auto& pool = makeCrampedPool();
  const auto death = deathOf(pool.deferToProcess<jobs::allocateInAThread>(kTooMuch));
  expectMemory(death, SIGABRT);
  EXPECT_THAT(printedBy(death), ::testing::Contains(HasSubstr("std::bad_alloc")));
}

TEST_F(PoolAddressSpaceTest, ACrashWithoutARefusalIsStillACrash) {
  auto& pool = makeCrampedPool();
  for (const int signal : {SIGSEGV, SIGABRT, SIGTERM}) {
    const auto death = deathOf(pool.deferToProcess<jobs::dieOf>(signal));
    EXPECT_EQ(death.cause, DeathCause::crash) << death.describe();
    EXPECT_EQ(death.status, ExitStatus(Signalled{signal}));
    EXPECT_EQ(death.detail, "");
  }
}

TEST_F(PoolAddressSpaceTest, AnEarlierJobsRefusalIsNotHeldAgainstTheNext) {
  auto& pool = makeCrampedPool();
  EXPECT_TRUE(failureOf(pool.deferToProcess<jobs::allocate>(kTooMuch)).check<std::bad_alloc>());
  const auto death = deathOf(pool.deferToProcess<jobs::dieOf>(SIGSEGV));
  EXPECT_EQ(death.jobsServed, 1U);  // the same worker
  EXPECT_EQ(death.cause, DeathCause::crash);
}

TEST_F(PoolAddressSpaceTest, AJobWhoseArgumentsCannotBeReceivedFailsAndIsNotSentAgain) {
  auto& pool = makeCrampedPool();
  const auto death = deathOf(pool.deferToProcess<jobs::sum>(std::vector<std::byte>(2 * kRoom)));
  EXPECT_EQ(death.cause, DeathCause::memory) << death.describe();
  EXPECT_THAT(death.detail, HasSubstr("refused to the message that brought its job"));
  EXPECT_THAT(log_.str(), HasSubstr("no memory for a frame of"));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
  EXPECT_EQ(pool.stats().rerun, 0U);
  EXPECT_EQ(pool.stats().deaths, 1U);
}

TEST_F(PoolAddressSpaceTest, MemoryDeathsCountAsCrashesForRerunAndPoison) {
  auto& pool = makeCrampedPool();
  const Failure failure = failureOf(pool.with({.rerun = Rerun::always, .maxAttempts = 2})
                                        .deferToProcess<jobs::allocateOrAbort>(kTooMuch));
  ASSERT_TRUE(failure.check<PoisonJob>()) << failure.message();
  const auto& deaths = failure.as<PoisonJob>()->certificates();
  ASSERT_EQ(deaths.size(), 2U);
  for (const auto& death : deaths) expectMemory(death, SIGABRT);
}

TEST_F(PoolAddressSpaceTest, AProgramThatDoesNotFitSaysWhy) {
  auto& pool = makePool({.max = 1, .limits = {.addressSpaceBytes = kMiB}});
  const Failure failure = failureOf(pool.start());
  ASSERT_TRUE(failure.check<StartupFailed>()) << failure.message();
  EXPECT_THAT(failure.describe(),
              HasSubstr("its limit of 1.0 MiB of address space may be too small for the program"));
}

}  // namespace
}  // namespace phial
#endif
