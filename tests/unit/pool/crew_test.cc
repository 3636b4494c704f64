#include "master/pool/crew.h"

#include <phial/master/errors.h>

#include "tests/unit/pool/crew_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::seconds;
using ::testing::SizeIs;

class CrewTest : public CrewFixture {
 protected:
  CrewTest() {
    options_.min = 1;
    options_.max = 2;
  }
};

// Starting.

TEST_F(CrewTest, OneWorkerIsStartedATurn) {
  fill();
  EXPECT_THAT(workers_, SizeIs(1));
  turn();
  EXPECT_THAT(workers_, SizeIs(2));
  turn();
  EXPECT_THAT(workers_, SizeIs(2)) << "max";
  EXPECT_EQ(crew().counts().spawned, 2U);
}

TEST_F(CrewTest, NoWorkerIsStartedForAPoolThatEnds) {
  demand_.open = false;
  fillUp();
  EXPECT_THAT(workers_, SizeIs(0));
}

TEST_F(CrewTest, AShortageIsReturnedOnlyWhenItLasts) {
  world_.shortage = "no descriptor is left";
  fill();
  EXPECT_FALSE(failure_);
  for (int i = 0; i < 10 && !failure_; ++i) clock_.advance(seconds(1));
  ASSERT_TRUE(failure_);
  EXPECT_TRUE(failure_->check<StartupFailed>());
  EXPECT_EQ(crew().roster().size(), 0U);
  EXPECT_EQ(crew().counts().spawned, 0U);
}

TEST_F(CrewTest, AfterAShortageItTriesAgain) {
  world_.shortage = "no descriptor is left";
  fill();
  world_.shortage.reset();
  clock_.advance(seconds(1));
  EXPECT_EQ(crew().roster().size(), 1U);
}

TEST_F(CrewTest, ItSaysSoWhenNoWorkerGetsReady) {
  options_.max = 1;
  for (unsigned i = 1; i <= RestartOptions{}.failedStarts; ++i) {
    EXPECT_FALSE(noneGetsReady_);
    fill();
    clock_.advance(seconds(60));  // the next start may have to wait
    ASSERT_THAT(workers_, SizeIs(i));
    worker(i).failToStart();
  }
  EXPECT_TRUE(noneGetsReady_);
  EXPECT_FALSE(crew().everReady());
}

// Going.

TEST_F(CrewTest, AnIdleWorkerGoesWhenThePoolEnds) {
  fillUpReady();
  demand_.open = false;
  crew().answered(worker(1), demand_);
  EXPECT_EQ(worker(1).toldToEnd(), DeathCause::shutdown);
}

TEST_F(CrewTest, AnIdleWorkerStaysOtherwise) {
  fillUpReady();
  crew().answered(worker(1), demand_);
  EXPECT_FALSE(worker(1).toldToEnd());
}

TEST_F(CrewTest, ASmallerPoolRetiresIdleWorkersAtOnce) {
  fillUpReady();
  crew().resize(1, 1);
  EXPECT_EQ(crew().roster().active(), 1U);
}

TEST_F(CrewTest, PruningComesBackWhenTheNextWorkerIsDue) {
  options_.maxIdle = seconds(60);
  fillUpReady();
  crew().prune();
  clock_.advance(seconds(59));
  EXPECT_EQ(crew().roster().idle(), 2U);
  clock_.advance(seconds(1));
  EXPECT_EQ(crew().roster().idle(), 1U);
}

TEST_F(CrewTest, NothingIsPrunedOnceThePoolStops) {
  options_.maxIdle = seconds(60);
  fillUpReady();
  crew().prune();
  crew().stopPruning();
  clock_.advance(seconds(600));
  EXPECT_EQ(crew().roster().idle(), 2U);
}

TEST_F(CrewTest, DismissingLetsBusyWorkersGoOn) {
  fillUp();
  worker(1).getReady();
  enterAndSend(worker(1));
  crew().dismiss();
  EXPECT_FALSE(worker(1).toldToEnd());
  EXPECT_EQ(worker(2).toldToEnd(), DeathCause::shutdown) << "it was starting";
}

// Deaths.

TEST_F(CrewTest, OnlyUnwantedDeathsCountAsDeaths) {
  fillUpReady();
  worker(1).crash();
  worker(2).retire(DeathCause::recycle);
  worker(2).finishEnding();
  EXPECT_EQ(crew().counts().deaths, 1U);
  EXPECT_EQ(crew().counts().recycled, 1U);
  EXPECT_TRUE(crew().roster().empty());
}

TEST_F(CrewTest, AWorkerOutlivesItsReportOfItsDeath) {
  fillUpReady();
  const std::weak_ptr<FakeWorker> dying = workers_[0];
  FakeWorker& worker = *workers_[0];
  workers_.clear();
  worker.crash();
  EXPECT_FALSE(dying.expired());
  turn();
  EXPECT_TRUE(dying.expired());
}

TEST_F(CrewTest, WhenItClosesNoWorkerAndNoTimerIsLeft) {
  options_.maxIdle = seconds(60);
  fillUpReady();
  crew().prune();
  crew().close();
  EXPECT_TRUE(crew().roster().empty());
  EXPECT_EQ(clock_.pending(), 0U);
}

}  // namespace
}  // namespace phial::detail
