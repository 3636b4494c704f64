#include "master/pool/pool_life.h"

#include "tests/unit/pool/parts_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::seconds;
using Phase = PoolLife::Phase;

class PoolLifeTest : public PartsTest {
 protected:
  PoolLife life_{clock_, settlements_};
};

TEST_F(PoolLifeTest, AStartIsAnsweredByASettlement) {
  bool started = false;
  auto start = life_.whenStarted().addCallback([&] { started = true; });
  life_.start();
  EXPECT_EQ(life_.phase(), Phase::started);
  life_.succeedStart();
  EXPECT_FALSE(started);
  deliverAll();
  EXPECT_TRUE(started);
}

TEST_F(PoolLifeTest, ADrainGoesOnToStopButNotBack) {
  life_.start();
  auto drain = life_.stop({.drainQueue = true});
  EXPECT_EQ(life_.phase(), Phase::draining);
  auto again = life_.stop({.drainQueue = true});
  EXPECT_EQ(life_.phase(), Phase::draining);
  auto stop = life_.stop({});
  EXPECT_EQ(life_.phase(), Phase::stopping);
  auto late = life_.stop({.drainQueue = true});
  EXPECT_EQ(life_.phase(), Phase::stopping);
  life_.start();
  EXPECT_EQ(life_.phase(), Phase::stopping);
  life_.succeedStop();
  deliverAll();
  for (auto* each : {&drain, &again, &stop, &late}) EXPECT_TRUE(each->called());
}

TEST_F(PoolLifeTest, APoolThatNeverStartedCanStop) {
  auto stop = life_.stop({});
  EXPECT_TRUE(life_.ending());
  EXPECT_FALSE(life_.closed());
}

TEST_F(PoolLifeTest, OfSeveralLimitsTheEarliestCounts) {
  int reached = 0;
  life_.limit(seconds(5), [&] { reached = 5; });
  life_.limit(seconds(9), [&] { reached = 9; });
  life_.limit(seconds(2), [&] { reached = 2; });
  clock_.advance(seconds(2));
  EXPECT_EQ(reached, 2);
  clock_.advance(seconds(60));
  EXPECT_EQ(reached, 2);
}

TEST_F(PoolLifeTest, NoLimitIsReachedAfterTheEnd) {
  bool reached = false;
  life_.limit(seconds(5), [&] { reached = true; });
  life_.succeedStop();
  clock_.advance(seconds(5));
  EXPECT_FALSE(reached);
}

TEST_F(PoolLifeTest, ItClosesOnce) {
  life_.limit(seconds(5), [] {});
  EXPECT_TRUE(life_.close());
  EXPECT_FALSE(life_.close());
  EXPECT_EQ(clock_.pending(), 0U);
  auto stop = life_.stop({});
  EXPECT_TRUE(life_.closed());
}

}  // namespace
}  // namespace phial::detail
