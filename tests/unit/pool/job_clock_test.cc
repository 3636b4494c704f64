#include "master/pool/job_clock.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace phial::detail {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Look = JobClock::Look;

constexpr Duration kTimeout = seconds(10);
constexpr Duration kGrace = seconds(2);
const TimePoint kSent{hours(5)};

class JobClockTest : public ::testing::Test {
 protected:
  JobClock::Finding look(const JobStage& stage, Duration after, Duration timeout = kTimeout) {
    return clock_.look(stage, timeout, kGrace, kSent + after);
  }
  void expectAgain(const JobStage& stage, Duration after, Duration delay) {
    const auto found = look(stage, after);
    EXPECT_EQ(found.look, Look::again);
    EXPECT_EQ(found.delay, delay);
  }

  JobClock clock_{kSent};
};

TEST_F(JobClockTest, AJobOnItsWayIsChargedNothing) {
  expectAgain({}, seconds(10), kTimeout);
  expectAgain({}, hours(10), kTimeout);
}

TEST_F(JobClockTest, TimeCountsFromTheMomentWhenTheFunctionWasEntered) {
  const JobStage entered{.begun = true, .startDelay = seconds(7)};
  expectAgain(entered, seconds(10), seconds(7));
  expectAgain(entered, seconds(16), seconds(1));
  EXPECT_EQ(look(entered, seconds(17)).look, Look::isUp);
}

TEST_F(JobClockTest, ReadingTheArgumentsMayTakeAsLongAsTheFunction) {
  const JobStage reading{.begun = true};
  expectAgain(reading, seconds(10), kTimeout);
  expectAgain(reading, seconds(15), seconds(5));
  EXPECT_EQ(look(reading, seconds(20)).look, Look::isUp);
}

TEST_F(JobClockTest, TheFunctionGetsItsWholeTimeAfterTheReading) {
  expectAgain({.begun = true}, seconds(10), kTimeout);
  expectAgain({.begun = true, .startDelay = seconds(19)}, seconds(20), seconds(9));
}

TEST_F(JobClockTest, AJobThatHasReturnedHasKeptToItsTimeAndMayBeAnswered) {
  const JobStage returned{.begun = true, .startDelay = seconds(0), .returned = true};
  expectAgain(returned, seconds(30), kGrace);
  EXPECT_EQ(look(returned, seconds(32)).look, Look::isUpThoughReturned);
}

TEST_F(JobClockTest, AnElementThatEndedInTimeIsNotHeldAgainstTheNext) {
  expectAgain({.begun = true, .startDelay = seconds(9)}, seconds(10), seconds(9));
  expectAgain({.begun = true, .startDelay = seconds(18)}, seconds(19), seconds(9));
}

TEST_F(JobClockTest, TimeBetweenTwoElementsIsCountedFromTheEndOfTheFirst) {
  expectAgain({.begun = true}, seconds(10), kTimeout);
  expectAgain({.begun = true, .startDelay = seconds(12)}, seconds(15), seconds(7));
  expectAgain({.begun = true}, seconds(21), kTimeout);
}

TEST_F(JobClockTest, ForEverIsNotATimeInThePast) {
  const auto found = look({.begun = true, .startDelay = seconds(1)}, hours(1), Duration::max());
  EXPECT_EQ(found.look, Look::again);
  EXPECT_GT(found.delay, hours(24 * 365));
}

TEST_F(JobClockTest, ItIsSetAnewForTheNextWorker) {
  look({.begun = true}, seconds(10));
  clock_ = JobClock(kSent + seconds(100));
  EXPECT_EQ(clock_.sentAt(), kSent + seconds(100));
  expectAgain({.begun = true}, seconds(101), kTimeout);
}

TEST(PauseBeforeRerunTest, DoublesWithEachDeathUpToASecond) {
  std::mt19937_64 random(3);
  const auto expectPause = [&](std::size_t deaths, Duration longest) {
    Duration shortest = Duration::max();
    for (int i = 0; i < 200; ++i) {
      const Duration pause = pauseBeforeRerun(deaths, random);
      EXPECT_LE(pause, longest) << deaths;
      EXPECT_GE(pause, longest / 2) << deaths;
      shortest = std::min(shortest, pause);
    }
    EXPECT_LT(shortest, longest) << "they are not all the same";
  };
  expectPause(1, milliseconds(10));
  expectPause(2, milliseconds(20));
  expectPause(7, milliseconds(640));
  expectPause(8, seconds(1));
  expectPause(1000, seconds(1));
}

}  // namespace
}  // namespace phial::detail
