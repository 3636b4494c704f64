// Jobs that are taken back before they begin, and jobs that are asked to give up.
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "pool_fixture.h"

namespace phial {
namespace {

using std::chrono::seconds;

class PoolGiveUpTest : public PoolTest {
 protected:
  /// A pool of one worker, which is up and stopped by SIGSTOP.
  ProcessPool& makeStoppedPool(PoolOptions options = {}) {
    options.min = options.max = 1;
    auto& pool = makePool(std::move(options), &clock_);
    valueOf(pool.start());
    pid_ = pool.workers().front().pid;
    EXPECT_EQ(::kill(pid_, SIGSTOP), 0);
    return pool;
  }
  /// Waits until a signal has stopped the child.
  static void awaitStop(pid_t pid) {
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED | WNOWAIT), 0);
  }
  /// Runs the loop until jobs::waitFor(path) has begun. To close what it returns lets it go on.
  int awaitReader(const std::string& path) {
    int writer = -1;
    runUntil(
        [&] { return (writer = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK)) >= 0; });
    return writer;
  }
  void goOn() { EXPECT_EQ(::kill(pid_, SIGCONT), 0); }
  bool exists(const std::string& path) { return std::filesystem::exists(path); }

  pid_t pid_ = 0;
};

TEST_F(PoolGiveUpTest, ACancelledJobThatHadNotBegunIsTakenBack) {
  auto& pool = makeStoppedPool();
  const std::string file = directory_ + "/begun";
  auto job = pool.deferToProcess<jobs::touch>(file);
  runUntil([&] { return pool.stats().running == 1; });
  job.cancel();
  EXPECT_TRUE(failureOf(std::move(job)).check<CancelledError>());
  goOn();
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::whoAmI>()), pid_);
  EXPECT_FALSE(exists(file)) << "the job ran though it was taken back";
  EXPECT_EQ(pool.workers().front().jobsServed, 1U);
}

TEST_F(PoolGiveUpTest, AJobWhoseDeadlinePassesOnItsWayIsTakenBack) {
  auto& pool = makeStoppedPool({.grace = seconds(3)});
  const std::string file = directory_ + "/begun";
  auto job = pool.with({.deadline = clock_.now() + seconds(5)}).deferToProcess<jobs::touch>(file);
  runUntil([&] { return pool.stats().running == 1; });
  clock_.advance(seconds(20));
  const Failure failure = failureOf(std::move(job));
  EXPECT_TRUE(failure.check<DeadlineExceeded>());
  EXPECT_THAT(failure.message(), ::testing::HasSubstr("before the job was begun"));
  goOn();
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::whoAmI>()), pid_);
  EXPECT_FALSE(exists(file)) << "the job ran though it was taken back";
}

TEST_F(PoolGiveUpTest, AWorkerThatTakesNothingUpIsReplacedAndItsJobRunsElsewhere) {
  auto& pool = makeStoppedPool({.startTimeout = seconds(7)});
  auto job = pool.deferToProcess<jobs::whoAmI>();
  runUntil([&] { return pool.stats().running == 1; });
  clock_.advance(seconds(8));
  EXPECT_NE(valueOf(std::move(job)), pid_);
  EXPECT_EQ(pool.stats().rerun, 1U);
  EXPECT_THAT(log_.str(), ::testing::HasSubstr("did not take up the job"));
  EXPECT_THAT(log_.str(), ::testing::HasSubstr("it gave no sign of life"));
}

// Stops each worker as soon as it is ready.
class Stopper final : public PoolObserver {
 public:
  explicit Stopper(std::vector<DeathCertificate>& deaths) : deaths_(deaths) {}
  void workerReady(const WorkerStatus& worker) override {
    EXPECT_EQ(::kill(worker.pid, SIGSTOP), 0);
  }
  void workerDied(const DeathCertificate& death) override { deaths_.push_back(death); }

 private:
  std::vector<DeathCertificate>& deaths_;
};

TEST_F(PoolGiveUpTest, AJobThatTwoWorkersDoNotTakeUpFails) {
  std::vector<DeathCertificate> deaths;
  auto& pool = makePool({.min = 1, .max = 1, .startTimeout = seconds(7)}, &clock_);
  const auto observation = pool.observe(std::make_shared<Stopper>(deaths));
  auto job = pool.deferToProcess<jobs::whoAmI>();
  for (std::size_t worker = 1; worker <= 2; ++worker) {
    runUntil([&] { return pool.stats().running == 1; });
    awaitStop(pool.workers().front().pid);
    clock_.advance(seconds(8));
    runUntil([&] { return deaths.size() == worker; });
  }
  const Failure failure = failureOf(std::move(job));
  ASSERT_TRUE(failure.check<WorkerDied>()) << failure.message();
  const DeathCertificate& death = failure.as<WorkerDied>()->certificate();
  EXPECT_EQ(death.cause, DeathCause::unresponsive);
  EXPECT_THAT(death.detail, ::testing::HasSubstr("SIGSTOP"));
}

TEST_F(PoolGiveUpTest, AnEarlierJobsTimeIsNotALaterJobs) {
  auto& pool = makePool({.min = 1, .max = 1, .startTimeout = seconds(10)}, &clock_);
  valueOf(pool.deferToProcess<jobs::doNothing>());
  const pid_t pid = pool.workers().front().pid;
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  clock_.advance(seconds(6));
  auto job = pool.deferToProcess<jobs::whoAmI>();
  runUntil([&] { return pool.stats().running == 1; });
  clock_.advance(seconds(9));  // the first job's time is up, not the second's
  EXPECT_EQ(pool.workers().front().state, WorkerState::busy);
  clock_.advance(seconds(1));
  EXPECT_NE(valueOf(std::move(job)), pid);
  EXPECT_EQ(pool.stats().deaths, 1U);
}

TEST_F(PoolGiveUpTest, AWorkerThatWasStoppedInAJobIsEnded) {
  auto& pool = makePool({.max = 1, .startTimeout = seconds(7)}, &clock_);
  const auto fifo = makeFifo("there");
  auto job = pool.deferToProcess<jobs::announceAndHang>(fifo);
  awaitAnnouncement(fifo);
  const auto worker = pool.workers().front().pid;
  ASSERT_EQ(::kill(worker, SIGSTOP), 0);
  awaitStop(worker);
  clock_.advance(seconds(7));
  EXPECT_EQ(pool.workers().front().state, WorkerState::busy);
  EXPECT_THAT(log_.str(), ::testing::HasSubstr("has been stopped by a signal"));
  clock_.advance(seconds(7));
  const Failure failure = failureOf(std::move(job));
  ASSERT_TRUE(failure.check<WorkerDied>()) << failure.message();
  EXPECT_EQ(failure.as<WorkerDied>()->certificate().cause, DeathCause::unresponsive);
}

TEST_F(PoolGiveUpTest, AWorkerThatWasStoppedInAJobIsWaitedForIfThePoolIsToldTo) {
  auto& pool = makePool(
      {.max = 1, .startTimeout = seconds(7), .stopped = StoppedWorker::isWaitedFor}, &clock_);
  const auto fifo = makeFifo("there");
  auto job = pool.deferToProcess<jobs::waitFor>(fifo);
  const int writer = awaitReader(fifo);
  const pid_t worker = pool.workers().front().pid;
  ASSERT_EQ(::kill(worker, SIGSTOP), 0);
  awaitStop(worker);
  for (int look = 0; look < 3; ++look) clock_.advance(seconds(7));
  ASSERT_EQ(::kill(worker, SIGCONT), 0);
  ::close(writer);
  valueOf(std::move(job));
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolGiveUpTest, ATracedWorkerIsWaitedForIfThePoolIsToldTo) {
  auto& pool = makePool({.max = 1,
                         .timeout = seconds(5),
                         .grace = seconds(2),
                         .startTimeout = seconds(7),
                         .traced = TracedWorker::isWaitedFor},
                        &clock_);
  const auto fifo = makeFifo("there");
  auto job = pool.deferToProcess<jobs::announceAndHang>(fifo);
  awaitAnnouncement(fifo);
  const pid_t worker = pool.workers().front().pid;
  ASSERT_EQ(::ptrace(PTRACE_SEIZE, worker, nullptr, nullptr), 0);
  for (int look = 0; look < 5; ++look) clock_.advance(seconds(7));
  EXPECT_EQ(pool.workers().front().state, WorkerState::busy);
  ASSERT_EQ(::ptrace(PTRACE_INTERRUPT, worker, nullptr, nullptr), 0);
  ASSERT_EQ(::waitpid(worker, nullptr, __WALL), worker);
  ASSERT_EQ(::ptrace(PTRACE_DETACH, worker, nullptr, nullptr), 0);
  clock_.advance(seconds(2));
  EXPECT_TRUE(failureOf(std::move(job)).check<JobTimedOut>());
}

TEST_F(PoolGiveUpTest, TheCertificateOfATracedWorkerNamesTheTracer) {
  auto& pool = makePool({.max = 1, .timeout = seconds(5), .grace = seconds(2)}, &clock_);
  const auto fifo = makeFifo("there");
  auto job = pool.deferToProcess<jobs::announceAndHang>(fifo);
  awaitAnnouncement(fifo);
  const pid_t worker = pool.workers().front().pid;
  ASSERT_EQ(::ptrace(PTRACE_SEIZE, worker, nullptr, nullptr), 0);
  clock_.advance(seconds(6));
  ASSERT_EQ(::ptrace(PTRACE_INTERRUPT, worker, nullptr, nullptr), 0);
  ASSERT_EQ(::waitpid(worker, nullptr, __WALL), worker);
  ASSERT_EQ(::ptrace(PTRACE_DETACH, worker, nullptr, nullptr), 0);
  clock_.advance(seconds(2));  // the tracer has kept the first signal to itself
  const Failure failure = failureOf(std::move(job));
  ASSERT_TRUE(failure.check<JobTimedOut>()) << failure.message();
  EXPECT_THAT(failure.certificate()->detail,
              ::testing::HasSubstr("process " + std::to_string(::getpid()) + " traces it"));
}

TEST_F(PoolGiveUpTest, ACancelledJobThatIsToFinishDoesNotCostItsWorker) {
  auto& pool = makePool({.max = 1, .grace = seconds(3)}, &clock_);
  const auto fifo = makeFifo("there");
  auto job = pool.with({.onCancel = OnCancel::finish}).deferToProcess<jobs::waitFor>(fifo);
  const int writer = awaitReader(fifo);
  const pid_t worker = pool.workers().front().pid;
  job.cancel();
  EXPECT_TRUE(failureOf(std::move(job)).check<CancelledError>());
  clock_.advance(seconds(100));
  ::close(writer);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::whoAmI>()), worker);
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolGiveUpTest, AJobThatIsToFinishHasNoLongerThanItsTimeout) {
  auto& pool = makePool({.max = 1, .grace = seconds(3)}, &clock_);
  const auto fifo = makeFifo("there");
  auto job = pool.with({.timeout = seconds(60),
                        .deadline = clock_.now() + seconds(10),
                        .onCancel = OnCancel::finish})
                 .deferToProcess<jobs::announceAndHang>(fifo);
  awaitAnnouncement(fifo);
  clock_.advance(seconds(11));
  EXPECT_TRUE(failureOf(std::move(job)).check<DeadlineExceeded>());
  clock_.advance(seconds(40));
  EXPECT_EQ(pool.workers().front().state, WorkerState::busy);
  clock_.advance(seconds(30));
  runUntil([&] { return pool.stats().deaths == 1; });
  EXPECT_THAT(log_.str(), ::testing::HasSubstr("ran longer than its timeout"));
}

TEST_F(PoolGiveUpTest, AHungWorkerIsReplacedAlsoWhenItsJobWasTakenBack) {
  auto& pool = makeStoppedPool({.startTimeout = seconds(7)});
  auto job = pool.deferToProcess<jobs::doNothing>();
  runUntil([&] { return pool.stats().running == 1; });
  job.cancel();
  EXPECT_FALSE(await(std::move(job)).ok());
  clock_.advance(seconds(8));
  EXPECT_NE(valueOf(pool.deferToProcess<jobs::whoAmI>()), pid_);
}

TEST_F(PoolGiveUpTest, AJobThatKillsWorkersBeforeTheyHaveItIsGivenUp) {
  auto& pool = makePool({.worker = {PHIAL_CHILDREN "/phial_child_dies_reading"}, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<std::string>("take", std::string("harmless"))), "harmless");
  const Failure failure =
      failureOf(pool.deferToProcess<std::string>("take", std::string("a deadly argument")));
  ASSERT_TRUE(failure.check<WorkerDied>()) << failure.message();
  EXPECT_EQ(failure.as<WorkerDied>()->certificate().begun, DeathCertificate::Begun::no);
  EXPECT_EQ(valueOf(pool.deferToProcess<std::string>("take", std::string("harmless"))), "harmless");
}

TEST_F(PoolGiveUpTest, AJobThatHeedsItsSoftTimeoutKeepsItsResultAndItsWorker) {
  auto& pool = makePool({.max = 1, .grace = seconds(3)}, &clock_);
  const auto fifo = makeFifo("there");
  auto job = pool.with({.softTimeout = seconds(10)}).deferToProcess<jobs::announceAndHeed>(fifo);
  awaitAnnouncement(fifo);
  clock_.advance(seconds(11));
  EXPECT_EQ(valueOf(std::move(job)), "gave up");
  clock_.advance(seconds(100));
  valueOf(pool.deferToProcess<jobs::doNothing>());
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolGiveUpTest, AJobThatDoesNotHeedItsSoftTimeoutIsEndedAfterGrace) {
  auto& pool = makePool({.max = 1, .grace = seconds(3)}, &clock_);
  const auto fifo = makeFifo("there");
  auto job = pool.with({.softTimeout = seconds(10)}).deferToProcess<jobs::announceAndHang>(fifo);
  awaitAnnouncement(fifo);
  clock_.advance(seconds(12));
  EXPECT_EQ(pool.stats().busy, 1U);
  clock_.advance(seconds(4));
  const Failure failure = failureOf(std::move(job));
  ASSERT_TRUE(failure.check<SoftTimeoutExceeded>()) << failure.message();
  EXPECT_TRUE(failure.check<JobTimedOut>());
  EXPECT_EQ(failure.as<SoftTimeoutExceeded>()->certificate().cause, DeathCause::softTimeout);
}

TEST_F(PoolGiveUpTest, TheLadderIsTheCancelWordThenTheSignalThenSigkill) {
  auto& pool = makePool({.max = 1, .timeoutSignal = SIGTERM, .grace = seconds(3)}, &clock_);
  const auto fifo = makeFifo("there");
  auto job = pool.deferToProcess<jobs::announceAndIgnoreTerm>(fifo);
  awaitAnnouncement(fifo);
  job.cancel();
  EXPECT_FALSE(await(std::move(job)).ok());
  EXPECT_EQ(pool.workers().front().state, WorkerState::busy);
  clock_.advance(seconds(4));
  EXPECT_EQ(pool.workers().front().state, WorkerState::ending);
  EXPECT_EQ(pool.stats().deaths, 0U);
  clock_.advance(seconds(4));
  runUntil([&] { return pool.stats().deaths == 1; });
  EXPECT_THAT(log_.str(), ::testing::HasSubstr("killed by SIGKILL while running"));
}

TEST_F(PoolGiveUpTest, TheCertificateSaysHowFarTheJobHadCome) {
  auto& pool = makePool({.max = 1});
  const Failure failure = failureOf(pool.deferToProcess<jobs::reportAndAbort>(0.25));
  const DeathCertificate& death = failure.as<WorkerDied>()->certificate();
  EXPECT_EQ(death.progress, 0.25);
  EXPECT_THAT(death.describe(), ::testing::HasSubstr("at 25 %"));
}

TEST_F(PoolGiveUpTest, AProgressThatCannotBeIsNotBelieved) {
  auto& pool = makePool({.max = 1});
  for (const double fraction : {-1.0, 1.5, std::numeric_limits<double>::quiet_NaN()}) {
    const Failure failure = failureOf(pool.deferToProcess<jobs::reportAndAbort>(fraction));
    EXPECT_FALSE(failure.as<WorkerDied>()->certificate().progress.has_value());
  }
}

TEST_F(PoolGiveUpTest, AWorkerThatTheHostHasReapedIsSaidToBe) {
  auto& pool = makePool({.max = 1});
  const auto fifo = makeFifo("there");
  auto job = pool.deferToProcess<jobs::announceAndHang>(fifo);
  awaitAnnouncement(fifo);
  const pid_t pid = pool.workers().front().pid;
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  const Failure failure = failureOf(std::move(job));
  const DeathCertificate& death = failure.as<WorkerDied>()->certificate();
  EXPECT_EQ(death.cause, DeathCause::reaped);
  EXPECT_TRUE(std::holds_alternative<StatusUnknown>(death.status));
  EXPECT_EQ(death.phase, Phase::running);
}

}  // namespace
}  // namespace phial
