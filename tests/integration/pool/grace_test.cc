// A timer that ends a worker fires as late as the loop lets it. Jobs that have ended meanwhile, and
// those of others that came after, are not to be harmed.
#include <signal.h>
#include <sys/wait.h>

#include <thread>

#include "pool_fixture.h"
#include "tests/support/process_stat.h"

namespace phial {
namespace {

using jobs::Deed;
using jobs::perform;
using std::chrono::seconds;

class PoolGraceTest : public PoolTest {
 protected:
  /// A pool of one worker that is sent several short jobs at a time.
  ProcessPool& makeLearnedPool(PoolOptions options) {
    options.min = options.max = 1;
    auto& pool = makePool(std::move(options), &clock_);
    valueOf(pool.start());
    pid_ = pool.workers().front().pid;
    for (int i = 0; i < 60; ++i) valueOf(pool.deferToProcess<perform>(Deed::nothing, ""));
    return pool;
  }

  /// Two jobs that the worker has both been sent before it begins. From here on the loop stands
  /// still: the second would be taken back.
  struct Pair {
    Deferred<std::string> first;
    Deferred<std::string> second;
  };
  Pair sendBoth(ProcessPool& pool, Deed first, Deed second, JobOptions options = {}) {
    EXPECT_EQ(::kill(pid_, SIGSTOP), 0);
    Pair pair{pool.with(options).deferToProcess<perform>(first, first_),
              pool.deferToProcess<perform>(second, second_)};
    runUntil([&] { return pool.stats().running == 2; });
    EXPECT_EQ(::kill(pid_, SIGCONT), 0);
    return pair;
  }

  /// Blocks until a job has announced itself at `path`.
  static void blockUntilAnnounced(const std::string& path) {
    ::close(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  }
  /// Blocks until Deed::wait has begun; to close what it returns lets the job go on.
  static int blockUntilWaiting(const std::string& path) {
    return ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  }
  void expectUnharmed(ProcessPool& pool) {
    EXPECT_EQ(pool.stats().deaths, 0U) << log_.str();
    EXPECT_EQ(valueOf(pool.deferToProcess<jobs::whoAmI>()), pid_);
  }

  pid_t pid_ = 0;
  const std::string first_ = makeFifo("first");
  const std::string second_ = makeFifo("second");
};

TEST_F(PoolGraceTest, AJobBehindOneThatHeedsItsCancelIsUnharmed) {
  auto& pool = makeLearnedPool({.grace = seconds(3)});
  auto [first, second] = sendBoth(pool, Deed::heed, Deed::wait);
  blockUntilAnnounced(first_);
  first.cancel();
  const int writer = blockUntilWaiting(second_);
  clock_.advance(seconds(4));
  ::close(writer);
  EXPECT_TRUE(await(std::move(second)).ok());
  EXPECT_TRUE(failureOf(std::move(first)).check<CancelledError>());
  expectUnharmed(pool);
}

TEST_F(PoolGraceTest, SoIsOneBehindAJobWhoseDeadlinePasses) {
  auto& pool = makeLearnedPool({.grace = seconds(3)});
  auto [first, second] =
      sendBoth(pool, Deed::heed, Deed::wait, {.deadline = clock_.now() + seconds(10)});
  blockUntilAnnounced(first_);
  clock_.advance(seconds(11));
  const int writer = blockUntilWaiting(second_);
  clock_.advance(seconds(4));
  ::close(writer);
  EXPECT_TRUE(await(std::move(second)).ok());
  EXPECT_TRUE(failureOf(std::move(first)).check<DeadlineExceeded>());
  expectUnharmed(pool);
}

TEST_F(PoolGraceTest, SoIsOneBehindAJobThatHeedsItsSoftTimeoutAndKeepsItsResult) {
  auto& pool = makeLearnedPool({.grace = seconds(3)});
  auto [first, second] = sendBoth(pool, Deed::heed, Deed::wait, {.softTimeout = seconds(10)});
  blockUntilAnnounced(first_);
  clock_.advance(seconds(11));
  const int writer = blockUntilWaiting(second_);
  clock_.advance(seconds(4));
  ::close(writer);
  EXPECT_TRUE(await(std::move(second)).ok());
  EXPECT_EQ(valueOf(std::move(first)), "gave up");
  expectUnharmed(pool);
}

TEST_F(PoolGraceTest, AnIdleWorkerIsNotEndedForTheJobThatItHasAnswered) {
  auto& pool = makeLearnedPool({.grace = seconds(3)});
  auto job = pool.deferToProcess<perform>(Deed::heed, first_);
  awaitAnnouncement(first_);
  job.cancel();
  // The loop stands still until the worker sleeps, with its answer on the way.
  while (statOf(pid_)->state != 'S') std::this_thread::yield();
  clock_.advance(seconds(4));
  EXPECT_TRUE(failureOf(std::move(job)).check<CancelledError>());
  expectUnharmed(pool);
}

TEST_F(PoolGraceTest, ASecondCancelledJobHasItsOwnGrace) {
  auto& pool = makeLearnedPool({.grace = seconds(3)});
  auto [first, second] = sendBoth(pool, Deed::heed, Deed::wait);
  blockUntilAnnounced(first_);
  first.cancel();
  const int writer = blockUntilWaiting(second_);
  clock_.advance(seconds(2));
  second.cancel();
  clock_.advance(seconds(2));  // the first one's time is up
  ::close(writer);
  EXPECT_TRUE(failureOf(std::move(first)).check<CancelledError>());
  EXPECT_TRUE(failureOf(std::move(second)).check<CancelledError>());
  expectUnharmed(pool);
}

TEST_F(PoolGraceTest, ACancelOfOneThatHasReturnedDoesNotHideThatOfTheNext) {
  auto& pool = makeLearnedPool({.grace = seconds(3)});
  EXPECT_EQ(::kill(pid_, SIGSTOP), 0);
  auto first = pool.deferToProcess<perform>(Deed::nothing, "");
  auto second = pool.deferToProcess<perform>(Deed::heed, second_);
  runUntil([&] { return pool.stats().running == 2; });
  EXPECT_EQ(::kill(pid_, SIGCONT), 0);
  blockUntilAnnounced(second_);
  // It sees the word only when both have been cancelled.
  EXPECT_EQ(::kill(pid_, SIGSTOP), 0);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WNOWAIT), 0);
  second.cancel();
  first.cancel();
  EXPECT_EQ(::kill(pid_, SIGCONT), 0);
  EXPECT_TRUE(failureOf(std::move(first)).check<CancelledError>());
  EXPECT_TRUE(failureOf(std::move(second)).check<CancelledError>());
  clock_.advance(seconds(1));
  expectUnharmed(pool);
}

TEST_F(PoolGraceTest, JobsBehindOneThatIsEndedAreTakenBackBeforeItsWorkerIs) {
  auto& pool = makeLearnedPool({.timeout = seconds(10), .grace = seconds(3)});
  EXPECT_EQ(::kill(pid_, SIGSTOP), 0);
  auto hanging = pool.deferToProcess<perform>(Deed::wait, first_);
  std::vector<Deferred<std::string>> behind;
  for (int i = 0; i < 20; ++i) {
    behind.push_back(pool.deferToProcess<perform>(Deed::nothing, ""));
  }
  runUntil([&] { return pool.stats().running >= 3; });
  EXPECT_EQ(::kill(pid_, SIGCONT), 0);
  const int writer = blockUntilWaiting(first_);
  clock_.advance(seconds(11));
  EXPECT_EQ(pool.stats().running, 1U);
  EXPECT_TRUE(failureOf(std::move(hanging)).check<JobTimedOut>());
  ::close(writer);
  valueOf(gatherResults(std::move(behind)));
  EXPECT_EQ(pool.stats().rerun, 0U) << "they died with a worker that they had only waited for";
}

TEST_F(PoolGraceTest, ACrashThatTheLoopSeesAfterTheTimeoutIsACrash) {
  auto& pool = makeLearnedPool({.grace = seconds(3)});
  const auto fifo = makeFifo("go");
  auto job = pool.with({.timeout = seconds(10)}).deferToProcess<jobs::answerAndDie>(fifo);
  const int writer = [&] {
    int fd = -1;
    runUntil([&] { return (fd = ::open(fifo.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK)) >= 0; });
    return fd;
  }();
  // From here on the loop stands still.
  ASSERT_EQ(::kill(pid_, SIGSEGV), 0);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT), 0);
  clock_.advance(seconds(12));
  const Failure failure = failureOf(std::move(job));
  ::close(writer);
  ASSERT_TRUE(failure.check<WorkerDied>()) << failure.message();
  EXPECT_EQ(failure.as<WorkerDied>()->certificate().cause, DeathCause::crash);
}

}  // namespace
}  // namespace phial
