// The orderly end of a program at a signal.
#include <signal.h>

#include "pool_fixture.h"

namespace phial {
namespace {

using std::chrono::seconds;

using StopOnSignalsTest = PoolTest;

TEST_F(StopOnSignalsTest, TheRunningJobEndsThenThePoolThenTheLoop) {
  auto& pool = makePool({.max = 1});
  const auto ending = stopOnSignals(*reactor_, pool, {.within = seconds(100)});
  const auto fifo = makeFifo("go");
  std::string log;
  pool.deferToProcess<jobs::waitFor>(fifo).addBoth([&](const Outcome<std::string>& outcome) {
    log += outcome.ok() ? "job" : outcome.failure().message();
  });
  runUntil([&] { return pool.stats().busy == 1; });
  reactor_->addSystemEventTrigger(SystemEventPhase::before, [&] {
    log += pool.stats().workers == 0 ? ", pool" : ", too early";
  });
  ::raise(SIGTERM);
  reactor_->callLater(std::chrono::milliseconds(1),
                      [&] { EXPECT_EQ(::close(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC)), 0); });
  reactor_->run();
  EXPECT_EQ(log, "job, pool");
}

TEST_F(StopOnSignalsTest, WithinBoundsTheEnd) {
  auto& pool = makePool({.max = 1}, &clock_);
  const auto ending = stopOnSignals(*reactor_, pool, {.within = seconds(5)});
  const auto fifo = makeFifo("there");
  auto job = pool.deferToProcess<jobs::announceAndHang>(fifo);
  awaitAnnouncement(fifo);
  ::raise(SIGINT);
  valueOf(deferLater(*reactor_, Duration::zero(), [] {}));
  runUntil([&] {
    clock_.advance(seconds(1));
    return pool.stats().workers == 0;
  });
  EXPECT_TRUE(failureOf(std::move(job)).check<PoolStopped>());
}

TEST_F(StopOnSignalsTest, ASecondSignalEndsItAtOnce) {
  auto& pool = makePool({.max = 1});
  const auto ending = stopOnSignals(*reactor_, pool);
  const auto fifo = makeFifo("there");
  auto job = pool.deferToProcess<jobs::announceAndHang>(fifo);
  awaitAnnouncement(fifo);
  ::raise(SIGTERM);
  passTurns();
  EXPECT_EQ(pool.stats().busy, 1U);
  ::raise(SIGINT);
  reactor_->run();
  EXPECT_TRUE(failureOf(std::move(job)).check<PoolStopped>());
}

TEST_F(StopOnSignalsTest, DroppedMeanwhileItLeavesTheLoopAlone) {
  auto& pool = makePool({.max = 1});
  const auto fifo = makeFifo("there");
  auto job = pool.deferToProcess<jobs::announceAndHang>(fifo);
  awaitAnnouncement(fifo);
  {
    const auto ending = stopOnSignals(*reactor_, pool, {}, {SIGUSR1});
    ::raise(SIGUSR1);
    passTurns();
  }
  struct sigaction current{};
  ::sigaction(SIGUSR1, nullptr, &current);
  EXPECT_EQ(current.sa_handler, SIG_DFL);
  EXPECT_TRUE(failureOf(pool.deferToProcess<jobs::add>(1, 2)).check<PoolStopped>());
  bool ended = false;
  pool.stop({.within = Duration::zero()}).addBoth([&](const Outcome<void>&) {
    reactor_->callLater(std::chrono::milliseconds(1), [&] {
      ended = true;
      reactor_->stop();
    });
  });
  reactor_->run();
  EXPECT_TRUE(ended) << "the end of the pool has stopped the loop";
  EXPECT_TRUE(failureOf(std::move(job)).check<PoolStopped>());
}

}  // namespace
}  // namespace phial
