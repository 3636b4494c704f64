// What a job leaves behind in its worker harms neither the next job nor anybody else.
#include <phial/protocol/worker_contract.h>
#include <phial/worker.h>
#include <signal.h>

#include "aftermath_jobs.h"
#include "pool_fixture.h"

namespace phial {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class Deaths final : public PoolObserver {
 public:
  void workerDied(const DeathCertificate& death) override { all.push_back(death); }
  std::vector<DeathCertificate> all;
};

class PoolAftermathTest : public PoolTest {
 protected:
  ProcessPool& makeObservedPool(PoolOptions options = {}, Clock* clock = nullptr) {
    options.min = options.max = 1;
    auto& pool = makePool(std::move(options), clock);
    observation_ = pool.observe(deaths_);
    return pool;
  }
  ~PoolAftermathTest() override = default;

  const std::shared_ptr<Deaths> deaths_ = std::make_shared<Deaths>();
  Observation observation_;
};

class DescriptorTest : public PoolAftermathTest, public ::testing::WithParamInterface<int> {};

// 0 stands for the event loop's. The clock stands still: nothing waits for a timeout.
TEST_P(DescriptorTest, AWorkerThatLosesADescriptorIsReplacedAtOnceAndNoOtherJobIsHarmed) {
  auto& pool = makeObservedPool({}, &clock_);
  const int descriptor =
      GetParam() != 0 ? GetParam() : valueOf(pool.deferToProcess<jobs::eventLoopDescriptor>());
  auto closing = pool.deferToProcess<jobs::closeDescriptor>(descriptor);
  auto next = pool.deferToProcess<jobs::add>(2, 3);
  EXPECT_EQ(valueOf(std::move(next)), 5);
  runUntil([&] { return deaths_->all.size() == 1; });
  EXPECT_EQ(deaths_->all[0].cause, DeathCause::damaged) << deaths_->all[0].describe();
  EXPECT_THAT(deaths_->all[0].detail, HasSubstr("descriptor " + std::to_string(descriptor)));
  auto outcome = await(std::move(closing));
  // The job itself has its result, unless that was to be sent by the descriptor that is gone.
  EXPECT_EQ(outcome.ok(), descriptor != kReplyFd);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(3, 4)), 7);
}

INSTANTIATE_TEST_SUITE_P(Each, DescriptorTest,
                         ::testing::Values(0, kRequestFd, kReplyFd, kRequestArenaFd, kReplyArenaFd,
                                           kLifelineFd, kFileLaneFd));

TEST_F(PoolAftermathTest, ADescriptorThatWasReplacedIsLostToo) {
  auto& pool = makeObservedPool({}, &clock_);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::replaceDescriptor>(kRequestFd)), kRequestFd);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(2, 3)), 5);
  ASSERT_EQ(deaths_->all.size(), 1U);
  EXPECT_EQ(deaths_->all[0].cause, DeathCause::damaged);
}

TEST_F(PoolAftermathTest, NothingIsWrittenIntoWhatHasTakenThePlaceOfTheReplyPipe) {
  auto& pool = makeObservedPool({}, &clock_);
  const Failure failure = failureOf(pool.deferToProcess<jobs::replaceDescriptor>(kReplyFd));
  ASSERT_TRUE(failure.check<WorkerDied>()) << failure.message();
  EXPECT_EQ(failure.as<WorkerDied>()->certificate().cause, DeathCause::damaged);
}

TEST_F(PoolAftermathTest, TimersOfAJobDoNotMeetTheNext) {
  auto& pool = makeObservedPool();
  valueOf(pool.deferToProcess<jobs::setTimers>());
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::timersSet>()), 0);
}

TEST_F(PoolAftermathTest, MaskUmaskAndDirectoryAreAsTheFirstJobFoundThem) {
  auto& pool = makeObservedPool();
  const auto before = valueOf(pool.deferToProcess<jobs::surroundings>());
  valueOf(pool.deferToProcess<jobs::changeSurroundings>());
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::surroundings>()), before);
}

TEST_F(PoolAftermathTest, AChildThatReturnsFromItsJobDoesNotAnswer) {
  auto& pool = makeObservedPool();
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::forkChild>(jobs::Child::returns)), EXIT_FAILURE);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::forkChild>(jobs::Child::throws)), EXIT_FAILURE);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::forkChild>(jobs::Child::callsExit)), 3);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::forkChild>(jobs::Child::reportsProgress)), 4);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(2, 3)), 5);
  EXPECT_EQ(pool.stats().deaths, 0U);
  EXPECT_THAT(log_.str(), HasSubstr("It is no worker"));
}

TEST_F(PoolAftermathTest, ACrashLeavesItsStack) {
  auto& pool = makeObservedPool();
  const Failure failure = failureOf(pool.deferToProcess<jobs::abortDeepDown>(3));
  const DeathCertificate& death = failure.as<WorkerDied>()->certificate();
  EXPECT_EQ(death.status, ExitStatus(Signalled{SIGABRT, Signalled::Core::notDumped}));
  ASSERT_GE(death.traceback.size(), 6U) << death.describe();
  EXPECT_THAT(death.traceback[0], HasSubstr("SIGABRT"));
  EXPECT_THAT(death.traceback, Contains(HasSubstr("abort")));
  EXPECT_THAT(failure.traceback(), HasSubstr("SIGABRT"));
  EXPECT_THAT(failure.describe(), Not(HasSubstr("PoolCore")));
  EXPECT_THAT(death.describe(), HasSubstr("where it was:\n    SIGABRT"));
}

TEST_F(PoolAftermathTest, ACrashWhereNoCodeIsSaysWhoCalled) {
#if defined(PHIAL_ADDRESS_SANITIZER) || defined(PHIAL_THREAD_SANITIZER)
  GTEST_SKIP() << "the sanitizer handles SIGSEGV itself";
#endif
  auto& pool = makeObservedPool();
  const Failure failure = failureOf(pool.deferToProcess<jobs::callNowhere>());
  const DeathCertificate& death = failure.as<WorkerDied>()->certificate();
  ASSERT_GE(death.traceback.size(), 3U) << death.describe();
  EXPECT_THAT(death.traceback[1], HasSubstr("0x1234567"));
  EXPECT_THAT(death.traceback[2], HasSubstr("phial_pool_integration_test"));
}

TEST_F(PoolAftermathTest, AJobThatIsEndedForItsTimeLeavesItsStack) {
  auto& pool = makeObservedPool({.grace = seconds(3)}, &clock_);
  const auto fifo = makeFifo("there");
  auto job = pool.with({.timeout = seconds(5)}).deferToProcess<jobs::announceAndHang>(fifo);
  awaitAnnouncement(fifo);
  clock_.advance(seconds(6));
  const Failure failure = failureOf(std::move(job));
  ASSERT_TRUE(failure.check<JobTimedOut>());
  const DeathCertificate& death = failure.as<JobTimedOut>()->certificate();
  EXPECT_EQ(death.cause, DeathCause::timeout);
  EXPECT_EQ(death.status, ExitStatus(Signalled{SIGKILL, Signalled::Core::notDumped}));
  ASSERT_GE(death.traceback.size(), 2U);
  EXPECT_THAT(death.traceback[0], HasSubstr("its master is about to end it"));
}

TEST_F(PoolAftermathTest, SigtermOfAStrangerIsLeftToTheMaster) {
  auto& pool = makeObservedPool();
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::survivesTermOfAStranger>()), 9);
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolAftermathTest, SigtermEndsAWorkerIfThePoolIsToldSo) {
  auto& pool = makeObservedPool({.sigterm = SigtermToWorker::endsIt});
  const Failure failure = failureOf(pool.deferToProcess<jobs::survivesTermOfAStranger>());
  EXPECT_EQ(failure.as<WorkerDied>()->certificate().status,
            ExitStatus(Signalled{SIGTERM, Signalled::Core::notDumped}));
}

TEST_F(PoolAftermathTest, AWorkerKnowsThatItIsOneAndWhatItStartsIsNone) {
  EXPECT_FALSE(isWorker());
  auto& pool = makeObservedPool();
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::whoIsAWorker>()), "the worker, not what it starts");
}

}  // namespace
}  // namespace phial
