// Cancelling, time limits, stops and deaths in a tree of jobs.
#include "nested_fixture.h"

namespace phial {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class CallEndTest : public NestedTest {
 protected:
  // Reads what jobs write who have been cancelled.
  int openForReading(const std::string& path) {
    return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  }
  // Runs the loop until nested::announceAndHeed(path) has begun. Returns the FIFO.
  int begun(const std::string& path) {
    const int fd = openForReading(path);
    readTo(fd, 'b');
    runUntil([&] { return waiting() == 1; });
    return fd;
  }
  // Runs the loop until the job has seen that it was cancelled.
  void heeded(int fd) {
    readTo(fd, 'c');
    ::close(fd);
  }
  void readTo(int fd, char expected) {
    char byte = 0;
    runUntil([&] { return ::read(fd, &byte, 1) == 1; });
    EXPECT_EQ(byte, expected);
  }
  void allGone() {
    runUntil([&] { return pool_->stats().queued + pool_->stats().running == 0; });
  }
};

TEST_F(CallEndTest, CancellingAJobCancelsItsChildren) {
  auto& pool = makePool({.min = 1, .max = 1, .grace = 30s});
  const auto path = makeFifo("child");
  auto job = pool.deferToProcess<nested::callsAndHeeds>(path);
  const auto handle = job.handle();
  const int fd = begun(path);
  handle.cancel();
  EXPECT_TRUE(failureOf(std::move(job)).check<CancelledError>());
  heeded(fd);
  runUntil([&] { return pool.stats().busy == 0; });
  EXPECT_EQ(pool.stats().cancelled, 2U);
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(CallEndTest, TheDeadlineOfAJobIsItsChildrensToo) {
  auto& pool = makePool({.min = 1, .max = 1, .grace = 30s}, &clock_);
  const auto path = makeFifo("child");
  auto job = pool.with(JobOptions{.deadline = clock_.now() + 10s})
                 .deferToProcess<nested::callsAndHeeds>(path);
  const int fd = begun(path);
  clock_.advance(11s);
  EXPECT_TRUE(failureOf(std::move(job)).check<DeadlineExceeded>());
  heeded(fd);
  runUntil([&] { return pool.stats().busy == 0; });
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(CallEndTest, ASoftTimeoutEndsTheWaitAndTheChildren) {
  auto& pool = makePool({.min = 1, .max = 1, .grace = 30s}, &clock_);
  const auto path = makeFifo("child");
  auto job =
      pool.with(JobOptions{.softTimeout = 10s}).deferToProcess<nested::callsAndHeedsSoftly>(path);
  const int fd = begun(path);
  clock_.advance(11s);
  EXPECT_EQ(valueOf(std::move(job)), "CancelledError");
  heeded(fd);
  allGone();
}

TEST_F(CallEndTest, ATimeoutGoesOnWhileAJobWaits) {
  auto& pool = makePool({.min = 1, .max = 1, .grace = 30s}, &clock_);
  const auto path = makeFifo("child");
  auto job = pool.with(JobOptions{.timeout = 10s}).deferToProcess<nested::callsAndHeeds>(path);
  const int fd = begun(path);
  clock_.advance(11s);
  EXPECT_TRUE(failureOf(std::move(job)).check<JobTimedOut>());
  heeded(fd);
  allGone();
}

TEST_F(CallEndTest, AWorkerThatIsKilledWhileItWaitsTakesItsChildrenAlong) {
  auto& pool = makePool({.min = 1, .max = 1, .grace = 30s});
  const auto path = makeFifo("child");
  auto job = pool.deferToProcess<nested::callsAndHeeds>(path);
  const int fd = begun(path);
  for (const auto& worker : pool.workers()) {
    if (worker.waits) ::kill(worker.pid, SIGKILL);
  }
  EXPECT_TRUE(failureOf(std::move(job)).check<WorkerDied>());
  heeded(fd);
  allGone();
}

TEST_F(CallEndTest, ACallThatIsForgottenIsCancelled) {
  auto& pool = makePool({.min = 1, .max = 2, .grace = 30s});
  const auto path = makeFifo("child");
  const int fd = openForReading(path);
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::callsAndForgets>(path)), 2);
  allGone();
  ::close(fd);
}

TEST_F(CallEndTest, StopLetsATreeEndWhenTheQueueIsDrained) {
  auto& pool = makePool({.min = 1, .max = 1});
  auto first = pool.deferToProcess<nested::nodes>(3);
  auto second = pool.deferToProcess<nested::nodes>(3);
  auto stopped = pool.stop({.drainQueue = true});
  EXPECT_EQ(valueOf(std::move(first)), 15U);
  EXPECT_EQ(valueOf(std::move(second)), 15U);
  valueOf(std::move(stopped));
}

TEST_F(CallEndTest, StopFailsWhatAJobCallsAfterwards) {
  auto& pool = makePool({.min = 1, .max = 1});
  const auto path = makeFifo("child");
  auto job = pool.deferToProcess<nested::callsAndHeedsSoftly>(path);
  const int fd = begun(path);
  auto more = pool.deferToProcess<nested::callsTwice>(1);
  auto stopped = pool.stop({.within = 20s});
  EXPECT_TRUE(failureOf(std::move(more)).check<PoolStopped>());
  // The child that runs may end, and its parent after it.
  for (const auto& worker : pool.workers()) {
    if (!worker.waits) ::kill(worker.pid, SIGKILL);
  }
  EXPECT_EQ(valueOf(std::move(job)), "WorkerDied of nested::announceAndHeed, crash");
  valueOf(std::move(stopped));
  ::close(fd);
}

TEST_F(CallEndTest, ChildrenThatNoWorkerCanRunFail) {
  const auto program = directory_ + "/worker";
  std::filesystem::create_symlink("/proc/self/exe", directory_ + "/self");
  std::filesystem::copy_file(std::filesystem::read_symlink("/proc/self/exe"), program);
  auto& pool = makePool({.worker = {program}, .min = 1, .max = 1, .restart = {.failedStarts = 2}});
  valueOf(pool.start());
  std::filesystem::remove(program);
  EXPECT_TRUE(failureOf(pool.deferToProcess<nested::callsTwice>(1)).check("phial::StartupFailed"));
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::twice>(1)), 2);
}

}  // namespace
}  // namespace phial
