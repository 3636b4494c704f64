#include <csignal>
#include <set>

#include "tests/unit/pool/staffing_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class RecyclingTest : public StaffingTest {
 protected:
  RecyclingTest() : StaffingTest({.min = 1, .max = 1, .recycleAfter = 3}) {}

  /// Gives the worker jobs, so many in its life.
  void give(Seat& seat, std::uint64_t jobs) {
    Load load = busyLoad(1, seconds(1));
    load.given = jobs;
    set(seat, load);
    staffing().noteDispatch(seat, now_);
  }
};

TEST_F(RecyclingTest, TheReplacementIsWantedWithTheLastJob) {
  Seat& seat = ready();
  give(seat, 2);
  EXPECT_EQ(seat.departure, Departure::none);
  give(seat, 3);
  EXPECT_EQ(seat.departure, Departure::waits);
  EXPECT_TRUE(staffing().wantsMore({}));
}

TEST_F(RecyclingTest, TheOldWorkerGoesWhenTheNewOneIsReady) {
  Seat& old = ready();
  give(old, 3);
  Seat& replacement = start();
  set(old, kIdleLoad);
  EXPECT_EQ(staffing().takeReplaced({}), nullptr);
  set(replacement, kIdleLoad);
  EXPECT_EQ(staffing().takeReplaced({}), &old);
  EXPECT_EQ(staffing().takeReplaced({}), nullptr);
}

TEST_F(RecyclingTest, AWorkerThatNobodyNeedsReplacedGoesAtOnce) {
  rules_.min = 0;
  Seat& old = ready();
  give(old, 3);
  set(old, kIdleLoad);
  EXPECT_EQ(staffing().takeReplaced({}), &old);
}

TEST_F(RecyclingTest, ABusyWorkerIsNotRetired) {
  Seat& old = ready();
  give(old, 3);
  ready();
  EXPECT_EQ(staffing().takeReplaced({}), nullptr);
}

TEST_F(RecyclingTest, WhenNoReplacementCanBeStartedSoonTheWorkerServesOn) {
  rules_.restart.firstPause = minutes(5);
  rules_.restart.longestCrashPause = minutes(5);
  rules_.restart.longestPause = minutes(60);
  Seat& seat = ready();
  failToStart(4);
  ASSERT_GT(staffing().nextStart(), now_ + minutes(5));
  give(seat, 3);
  EXPECT_EQ(seat.departure, Departure::servesOn);
}

TEST_F(RecyclingTest, WhenTheReplacementFailsToStartTheWorkerServesOn) {
  Seat& seat = ready();
  give(seat, 3);
  set(seat, kIdleLoad);
  EXPECT_EQ(roster_.idle(), 0U);
  failsToStart();
  EXPECT_EQ(seat.departure, Departure::servesOn);
  EXPECT_EQ(roster_.idle(), 1U);
}

TEST_F(RecyclingTest, ACrashAtWorkIsNoReasonToKeepAWorkerThatIsToGo) {
  rules_.max = 2;
  Seat& seat = ready();
  give(seat, 3);
  dies(ready(), deathBy(DeathCause::crash, Signalled{SIGSEGV}));
  EXPECT_EQ(seat.departure, Departure::waits);
}

TEST_F(RecyclingTest, SmallNumbersAreServedExactly) {
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ready().quota, 3U);
}

TEST_F(RecyclingTest, LargeNumbersAreSpreadOverAnEighth) {
  rules_.recycleAfter = 800;
  std::set<std::uint64_t> quotas;
  for (int i = 0; i < 100; ++i) quotas.insert(ready().quota);
  EXPECT_GE(*quotas.begin(), 700U);
  EXPECT_LE(*quotas.rbegin(), 800U);
  EXPECT_GT(quotas.size(), 40U);
}

TEST_F(RecyclingTest, WithoutALimitThereIsNoEnd) {
  rules_.recycleAfter = 0;
  EXPECT_EQ(ready().quota, Seat::kNoQuota);
}

TEST_F(RecyclingTest, OneMoreThanMaxMayBeThereForWorkersThatServeOn) {
  Seat& grown = ready();
  staffing().replace(grown);
  EXPECT_TRUE(staffing().wantsMore({}));
  start();
  EXPECT_FALSE(staffing().wantsMore({.waiting = 10}));
}

}  // namespace
}  // namespace phial::detail
