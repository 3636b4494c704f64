// A forked worker finds what a spawned one finds.
#include "warm_fixture.h"

namespace phial {
namespace {

using ::testing::HasSubstr;
using warm_jobs::Surroundings;

class WarmProcessTest : public WarmPoolTest {
 protected:
  Surroundings surroundingsIn(WorkerPreparation warm) {
    Limits limits;
    limits.openFiles = 100;
    auto& pool = warmPool({.max = 1, .limits = limits, .warm = std::move(warm)});
    auto found = valueOf(pool.deferToProcess<warm_jobs::surroundings>());
    EXPECT_EQ(pool.workers().front().pid, found.self);
    EXPECT_EQ(found.group, found.self);
    observation_ = {};
    valueOf(pool.stop());
    return found;
  }
};

TEST_F(WarmProcessTest, AForkedWorkerFindsWhatASpawnedOneFinds) {
  const auto spawned = surroundingsIn({});
  const auto forked = surroundingsIn(prepareWith<warm_jobs::load>(notes_, "ready"));
  EXPECT_EQ(forked.parent, ::getpid());
  EXPECT_EQ(forked.parent, spawned.parent);
  EXPECT_EQ(forked.descriptors, spawned.descriptors);
  EXPECT_EQ(forked.handledSignals, spawned.handledSignals);
  EXPECT_EQ(forked.niceness, spawned.niceness);
  EXPECT_EQ(forked.mostFiles, 100U);
  EXPECT_EQ(forked.name, "warm/1\n");
  EXPECT_EQ(forked.name, spawned.name);
  EXPECT_EQ(forked.title, "phial worker 1 of pool warm");
  EXPECT_EQ(forked.title, spawned.title);
  EXPECT_EQ(forked.deathSignal, SIGKILL);
  EXPECT_EQ(forked.deathSignal, spawned.deathSignal);
  EXPECT_EQ(forked.variable, "unset");
}

TEST_F(WarmProcessTest, TheCLibraryKnowsTheThreadThatWasForked) {
  auto& pool = loadingPool();
  EXPECT_TRUE(valueOf(pool.deferToProcess<warm_jobs::threadNumberIsRight>()));
}

TEST_F(WarmProcessTest, WorkersDrawOtherRandomNumbers) {
  auto& pool = warmPool({.max = 1, .warm = prepareWith<warm_jobs::seedAlike>()});
  const auto first = valueOf(pool.deferToProcess<warm_jobs::randomNumbers>());
  killWorker();
  EXPECT_NE(valueOf(pool.deferToProcess<warm_jobs::randomNumbers>()), first);
}

TEST_F(WarmProcessTest, AThreadThatHasEndedIsNoObstacle) {
  warmPool({.max = 1, .warm = prepareWith<warm_jobs::joinThread>()});
  EXPECT_EQ(stateOf(), "by a thread");
}

TEST_F(WarmProcessTest, AChildThatThePreparationForksIsNoTemplate) {
  warmPool({.max = 1, .warm = prepareWith<warm_jobs::forkAndReturn>()});
  EXPECT_EQ(stateOf(), "the child was ended");
}

TEST_F(WarmProcessTest, TheTemplateIsNoticedByNeitherItsWorkersNorTheirEnd) {
  auto& pool = loadingPool(2);
  valueOf(pool.start());
  const auto family = awaitSpare();
  // The group of the template holds nobody but the template and the spare.
  for (const auto& worker : pool.workers()) {
    EXPECT_EQ(statOf(worker.pid)->group, worker.pid);
  }
  EXPECT_EQ(statOf(family.spares.front())->group, family.leader);
  valueOf(pool.killWorkers());
  EXPECT_EQ(stateOf(), "ready");
  EXPECT_EQ(awaitSpare().leader, family.leader);
}

}  // namespace
}  // namespace phial
