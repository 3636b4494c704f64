// How a pool starts, grows, shrinks and stops.
#include <signal.h>

#include <algorithm>

#include "pool_fixture.h"

namespace phial {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PoolLifecycleTest : public PoolTest {
 protected:
  std::vector<Deferred<std::string>> blockWorkers(ProcessPool& pool, int count) {
    std::vector<Deferred<std::string>> jobs;
    for (int i = 0; i < count; ++i) {
      fifos_.push_back(makeFifo("block" + std::to_string(fifos_.size())));
      jobs.push_back(pool.deferToProcess<jobs::waitFor>(fifos_.back()));
    }
    return jobs;
  }
  void letAllGo() {
    for (const auto& fifo : fifos_) letGo(fifo);
  }

  std::vector<std::string> fifos_;
};

// Counts how many events of a kind come in one turn of the loop.
class TurnCounter {
 public:
  explicit TurnCounter(Reactor& reactor) : reactor_(reactor) { next(); }
  ~TurnCounter() { call_.cancel(); }
  TurnCounter(const TurnCounter&) = delete;
  TurnCounter& operator=(const TurnCounter&) = delete;

  void count() {
    ++all_;
    most_ = std::max(most_, ++inThisTurn_);
  }
  std::size_t all() const { return all_; }
  std::size_t most() const { return most_; }

 private:
  void next() {
    inThisTurn_ = 0;
    call_ = reactor_.callLater(Duration::zero(), [this] { next(); });
  }

  Reactor& reactor_;
  DelayedCall call_;
  std::size_t all_ = 0;
  std::size_t inThisTurn_ = 0;
  std::size_t most_ = 0;
};

TEST_F(PoolLifecycleTest, TheProgramOfTheReadmeEndsByItself) {
  ProcessPool pool(*reactor_, {.min = 1, .max = 4});
  std::optional<bool> answer;
  pool.deferToProcess<jobs::isPrime>(999983u)
      .addCallback([&](bool prime) { answer = prime; })
      .addErrback([](const Failure& f) { ADD_FAILURE() << f.message(); })
      .addBoth([&](auto&&) { return pool.stop(); })
      .addBoth([&](auto&&) { reactor_->stop(); });
  reactor_->run();
  EXPECT_EQ(answer, true);
  EXPECT_EQ(pool.stats().workers, 0U);
}

TEST_F(PoolLifecycleTest, NothingIsSpawnedBeforeStartOrAJob) {
  auto& pool = makePool({.min = 2, .max = 2});
  EXPECT_EQ(pool.stats().spawned, 0U);
  valueOf(pool.start());
  EXPECT_EQ(pool.stats().idle, 2U);
  valueOf(pool.start());
  EXPECT_EQ(pool.stats().spawned, 2U);
}

TEST_F(PoolLifecycleTest, GrowsOnDemandUpToMaxAndNotBeyond) {
  auto& pool = makePool({.min = 0, .max = 3});
  auto blocked = blockWorkers(pool, 5);
  runUntil([&] { return pool.stats().busy == 3; });
  EXPECT_EQ(pool.stats().queued, 2U);
  EXPECT_EQ(pool.stats().workers, 3U);
  letAllGo();
  valueOf(gatherResults(std::move(blocked)));
  EXPECT_EQ(pool.stats().spawned, 3U);
}

TEST_F(PoolLifecycleTest, QueuedJobsRunInOrderOfPriorityThenOfSubmission) {
  auto& pool = makePool({.max = 1});
  auto blocked = blockWorkers(pool, 1);
  std::vector<std::string> order;
  std::vector<Deferred<void>> all;
  const auto submit = [&](const std::string& label, int priority) {
    all.push_back(pool.with({.priority = priority, .label = label})
                      .deferToProcess<jobs::myLabel>()
                      .addCallback([&](const std::string& result) { order.push_back(result); }));
  };
  submit("a", 0);
  submit("b", 0);
  submit("urgent", 7);
  submit("late", -1);
  submit("c", 0);
  letAllGo();
  valueOf(gatherResults(std::move(all)));
  EXPECT_THAT(order, ::testing::ElementsAre("urgent", "a", "b", "c", "late"));
  valueOf(std::move(blocked.front()));
}

TEST_F(PoolLifecycleTest, IdleWorkersAboveMinStopAfterMaxIdle) {
  auto& pool = makePool({.min = 1, .max = 3, .maxIdle = seconds(10)}, &clock_);
  auto blocked = blockWorkers(pool, 3);
  runUntil([&] { return pool.stats().busy == 3; });
  letAllGo();
  valueOf(gatherResults(std::move(blocked)));
  EXPECT_EQ(pool.stats().workers, 3U);
  clock_.advance(seconds(9));
  EXPECT_EQ(pool.stats().idle, 3U);
  clock_.advance(seconds(2));
  EXPECT_EQ(pool.stats().idle, 1U);
  runUntil([&] { return pool.stats().workers == 1; });
  EXPECT_EQ(pool.stats().deaths, 0U);
  clock_.advance(seconds(100));
  EXPECT_EQ(pool.stats().idle, 1U);
}

TEST_F(PoolLifecycleTest, AWorkerIsReplacedAfterItsNumberOfJobs) {
  auto& pool = makePool({.max = 1, .recycleAfter = 2});
  std::vector<pid_t> pids;
  for (int i = 0; i < 6; ++i) pids.push_back(valueOf(pool.deferToProcess<jobs::whoAmI>()));
  EXPECT_EQ(pids[0], pids[1]);
  EXPECT_NE(pids[1], pids[2]);
  EXPECT_EQ(pids[2], pids[3]);
  EXPECT_NE(pids[3], pids[4]);
  runUntil([&] { return pool.stats().recycled == 3; });
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolLifecycleTest, RaisingMaxWithAQueueStartsWorkers) {
  auto& pool = makePool({.min = 0, .max = 1});
  auto blocked = blockWorkers(pool, 3);
  runUntil([&] { return pool.stats().busy == 1; });
  auto adjusted = pool.adjustPoolSize(0, 3);
  runUntil([&] { return pool.stats().busy == 3; });
  letAllGo();
  valueOf(gatherResults(std::move(blocked)));
  valueOf(std::move(adjusted));
}

TEST_F(PoolLifecycleTest, LoweringMaxStopsIdleWorkersAtOnceAndBusyOnesWhenDone) {
  auto& pool = makePool({.min = 3, .max = 3});
  valueOf(pool.start());
  auto blocked = blockWorkers(pool, 2);
  runUntil([&] { return pool.stats().busy == 2; });
  auto adjusted = pool.adjustPoolSize(0, 1);
  runUntil([&] { return pool.stats().workers == 2; });
  EXPECT_EQ(pool.stats().busy, 2U);
  letAllGo();
  valueOf(gatherResults(std::move(blocked)));
  runUntil([&] { return pool.stats().workers == 1; });
  EXPECT_EQ(pool.stats().failed, 0U);
  EXPECT_EQ(pool.stats().deaths, 0U);
  valueOf(std::move(adjusted));
}

TEST_F(PoolLifecycleTest, ImpossibleSizesAreRefused) {
  EXPECT_THROW(ProcessPool(*reactor_, {.min = 3, .max = 2}), std::invalid_argument);
  EXPECT_THROW(ProcessPool(*reactor_, {.timeoutSignal = 4711}), std::invalid_argument);
  EXPECT_THROW(ProcessPool(*reactor_, {.limits = {.niceness = -1}}), std::invalid_argument);
  auto& pool = makePool();
  EXPECT_THROW(pool.adjustPoolSize(2, 1), std::invalid_argument);
  EXPECT_THROW(pool.adjustPoolSize(0, 0), std::invalid_argument);
}

TEST_F(PoolLifecycleTest, StopLetsRunningJobsEndAndFailsQueuedOnes) {
  auto& pool = makePool({.max = 1});
  auto running = blockWorkers(pool, 1);
  runUntil([&] { return pool.stats().running == 1; });
  auto queued = pool.deferToProcess<jobs::add>(1, 2);
  auto stopped = pool.stop();
  EXPECT_TRUE(failureOf(std::move(queued)).check<PoolStopped>());
  EXPECT_FALSE(stopped.called());
  letAllGo();
  valueOf(std::move(running.front()));
  valueOf(std::move(stopped));
  EXPECT_EQ(pool.stats().workers, 0U);
}

TEST_F(PoolLifecycleTest, AJobAfterStopFailsThroughItsDeferred) {
  auto& pool = makePool();
  valueOf(pool.deferToProcess<jobs::doNothing>());
  auto stopped = pool.stop();
  EXPECT_TRUE(failureOf(pool.deferToProcess<jobs::add>(1, 2)).check<PoolStopped>());
  EXPECT_TRUE(failureOf(pool.start()).check<PoolStopped>());
  valueOf(std::move(stopped));
  EXPECT_TRUE(failureOf(pool.deferToProcess<jobs::add>(1, 2)).check<PoolStopped>());
}

TEST_F(PoolLifecycleTest, StopMayRunTheQueueFirst) {
  auto& pool = makePool({.max = 1});
  auto running = blockWorkers(pool, 1);
  auto queued = pool.deferToProcess<jobs::add>(1, 2);
  auto stopped = pool.stop({.drainQueue = true});
  letAllGo();
  EXPECT_EQ(valueOf(std::move(queued)), 3);
  valueOf(std::move(stopped));
  valueOf(std::move(running.front()));
}

TEST_F(PoolLifecycleTest, StopAtOnceKillsWhatRuns) {
  auto& pool = makePool({.max = 1});
  auto running = blockWorkers(pool, 1);
  runUntil([&] { return pool.stats().running == 1; });
  auto stopped = pool.stop({.within = Duration::zero()});
  EXPECT_TRUE(failureOf(std::move(running.front())).check<PoolStopped>());
  valueOf(std::move(stopped));
}

TEST_F(PoolLifecycleTest, AJobThatDiesWhileThePoolStopsIsNotPutBack) {
  auto& pool = makePool({.max = 1});
  const auto fifo = makeFifo("there");
  auto running = pool.with({.rerun = Rerun::always}).deferToProcess<jobs::announceAndHang>(fifo);
  awaitAnnouncement(fifo);
  auto stopped = pool.stop();
  ASSERT_EQ(::kill(pool.workers().front().pid, SIGKILL), 0);
  EXPECT_TRUE(failureOf(std::move(running)).check<WorkerDied>());
  valueOf(std::move(stopped));
  EXPECT_EQ(pool.stats().queued, 0U);
}

TEST_F(PoolLifecycleTest, StopKillsWhatStillRunsAfterItsGrace) {
  auto& pool = makePool({.max = 1}, &clock_);
  auto running = blockWorkers(pool, 1);
  runUntil([&] { return pool.stats().running == 1; });
  auto stopped = pool.stop({.within = seconds(5)});
  clock_.advance(seconds(4));
  EXPECT_EQ(pool.stats().busy, 1U);
  clock_.advance(seconds(2));
  EXPECT_TRUE(failureOf(std::move(running.front())).check<PoolStopped>());
  valueOf(std::move(stopped));
}

TEST_F(PoolLifecycleTest, StopMayBeCalledTwiceAndInsideACallback) {
  auto& pool = makePool();
  auto result = pool.deferToProcess<jobs::add>(1, 2).addCallback([&](int) { return pool.stop(); });
  valueOf(std::move(result));
  valueOf(pool.stop());
}

TEST_F(PoolLifecycleTest, StopFailsALongQueueOverManyTurnsAndFiresAfterIt) {
  constexpr std::size_t kJobs = 20'000;
  auto& pool = makePool({.min = 1, .max = 1});
  valueOf(pool.start());
  auto blocked = blockWorkers(pool, 1);
  TurnCounter failures(*reactor_);
  for (std::size_t i = 0; i < kJobs; ++i) {
    pool.deferToProcess<jobs::isPrime>(7u).addBoth([&](Outcome<bool> outcome) {
      EXPECT_TRUE(!outcome.ok() && outcome.failure().check<PoolStopped>());
      EXPECT_TRUE(pool.stats().balanced());
      failures.count();
    });
  }
  std::optional<std::size_t> failedAtStop;
  auto stopped =
      pool.stop({.within = Duration::zero()}).addCallback([&] { failedAtStop = failures.all(); });
  EXPECT_EQ(failures.all(), 0U) << "inside the call";
  valueOf(std::move(stopped));
  EXPECT_EQ(failedAtStop, kJobs);
  EXPECT_LT(failures.most(), kJobs / 10);
  EXPECT_TRUE(failureOf(gatherResults(std::move(blocked))).check<PoolStopped>());
}

TEST_F(PoolLifecycleTest, JobsOfAFailingQueueMayBeCancelledFromACallback) {
  constexpr std::size_t kJobs = 5'000;
  auto& pool = makePool({.min = 1, .max = 1});
  std::vector<Deferred<void>> queued;
  std::size_t failed = 0;
  std::size_t cancelled = 0;
  for (std::size_t i = 0; i < kJobs; ++i) {
    queued.push_back(pool.deferToProcess<jobs::isPrime>(7u).addBoth([&, i](Outcome<bool> outcome) {
      ++(outcome.failure().check<CancelledError>() ? cancelled : failed);
      if (i == 0) {
        for (auto& other : queued) other.cancel();
      }
    }));
  }
  valueOf(pool.stop());
  EXPECT_EQ(failed + cancelled, kJobs);
  EXPECT_GT(cancelled, 0U);
  // The pool had decided some before they were cancelled, and has booked them as failed.
  EXPECT_GT(pool.stats().cancelled, 0U);
  EXPECT_EQ(pool.stats().cancelled + pool.stats().failed, kJobs);
}

TEST_F(PoolLifecycleTest, AFailedStartFailsALongQueueOverManyTurns) {
  constexpr std::size_t kJobs = 5'000;
  auto& pool = makePool({.worker = {"/nonexistent/worker"}, .min = 1, .max = 1});
  TurnCounter failures(*reactor_);
  std::vector<Deferred<void>> all;
  for (std::size_t i = 0; i < kJobs; ++i) {
    all.push_back(pool.deferToProcess<jobs::isPrime>(7u).addBoth([&](Outcome<bool> outcome) {
      EXPECT_TRUE(!outcome.ok() && outcome.failure().check<StartupFailed>());
      failures.count();
    }));
  }
  valueOf(gatherResults(std::move(all)));
  EXPECT_LT(failures.most(), kJobs / 4);
  EXPECT_EQ(pool.stats().failed, kJobs);
}

TEST_F(PoolLifecycleTest, ALongQueueOfUnknownFunctionsFailsOverManyTurns) {
  constexpr std::size_t kJobs = 5'000;
  auto& pool = makePool({.min = 1, .max = 1});
  TurnCounter failures(*reactor_);
  std::vector<Deferred<void>> all;
  for (std::size_t i = 0; i < kJobs; ++i) {
    all.push_back(pool.deferToProcess<bool>("nobody").addBoth([&](Outcome<bool> outcome) {
      EXPECT_TRUE(!outcome.ok() && outcome.failure().check<UnknownFunction>());
      failures.count();
    }));
  }
  valueOf(gatherResults(std::move(all)));
  EXPECT_LT(failures.most(), kJobs / 4);
}

TEST_F(PoolLifecycleTest, StopBeforeStartIsDoneAtOnce) {
  auto& pool = makePool();
  valueOf(pool.stop());
  EXPECT_EQ(pool.stats().spawned, 0U);
}

TEST_F(PoolLifecycleTest, DestroyedWithoutStopItKillsItsWorkersAndSettlesItsJobs) {
  auto& pool = makePool({.max = 1});
  auto running = blockWorkers(pool, 1);
  runUntil([&] { return pool.stats().running == 1; });
  auto queued = pool.deferToProcess<jobs::add>(1, 2);
  const pid_t worker = pool.workers().front().pid;
  pool_.reset();
  EXPECT_TRUE(failureOf(std::move(running.front())).check<PoolStopped>());
  EXPECT_TRUE(failureOf(std::move(queued)).check<PoolStopped>());
  runUntil([&] { return ::kill(worker, 0) != 0; });
  EXPECT_THAT(log_.str(), ::testing::HasSubstr("destroyed without stop()"));
}

TEST_F(PoolLifecycleTest, ItMayBeDestroyedInsideACallback) {
  auto& pool = makePool({.min = 2, .max = 2});
  auto other = pool.deferToProcess<jobs::add>(2, 2);
  valueOf(pool.deferToProcess<jobs::add>(1, 2).addCallback([&](int) { pool_.reset(); }));
  (void)await(std::move(other));
  EXPECT_EQ(pool_, nullptr);
}

TEST_F(PoolLifecycleTest, AFullQueueRefusesFromTheLoop) {
  auto& pool = makePool({.max = 1, .maxQueue = 2});
  auto running = blockWorkers(pool, 1);
  runUntil([&] { return pool.stats().running == 1; });
  auto first = pool.deferToProcess<jobs::add>(1, 1);
  auto second = pool.deferToProcess<jobs::add>(1, 1);
  auto third = pool.deferToProcess<jobs::add>(1, 1);
  EXPECT_FALSE(third.called());
  EXPECT_TRUE(failureOf(std::move(third)).check<QueueFull>());
  letAllGo();
  EXPECT_EQ(valueOf(std::move(first)) + valueOf(std::move(second)), 4);
  valueOf(std::move(running.front()));
}

}  // namespace
}  // namespace phial
