#include <csignal>
#include <stdexcept>

#include "tests/unit/pool/staffing_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// How many.

TEST_F(StaffingTest, MinWorkersAreWantedWhateverThereIsToDo) {
  EXPECT_EQ(staffing().wanted({}), 2U);
  EXPECT_EQ(staffing().wanted({.keepsMin = false}), 0U);
}

TEST_F(StaffingTest, AsManyAreWantedAsThereAreJobsUpToMax) {
  EXPECT_EQ(staffing().wanted({.waiting = 3}), 3U);
  EXPECT_EQ(staffing().wanted({.waiting = 100}), 4U);
}

TEST_F(StaffingTest, BusyWorkersAreNoHelpForJobsThatWait) {
  startMany(2, busyLoad(1, seconds(1)));
  EXPECT_EQ(staffing().wanted({.waiting = 1}), 3U);
}

TEST_F(StaffingTest, NoneIsWantedWhenThePoolEnds) {
  EXPECT_EQ(staffing().wanted({.waiting = 3, .open = false}), 0U);
}

TEST_F(StaffingTest, StartingWorkersCount) {
  startMany(2, {});
  EXPECT_FALSE(staffing().wantsMore({.waiting = 2}));
  EXPECT_TRUE(staffing().wantsMore({.waiting = 3}));
}

TEST_F(StaffingTest, EndingWorkersDoNotCount) {
  startMany(4, kEnding);
  EXPECT_TRUE(staffing().wantsMore({}));
}

TEST_F(StaffingTest, WhatIsTooManyAfterAResizeGoesOldestFirst) {
  Seat& first = start(kIdleLoad);
  startMany(3, kIdleLoad);
  EXPECT_EQ(staffing().surplus(), nullptr);
  staffing().resize(1, 3);
  EXPECT_EQ(staffing().surplus(), &first);
  set(first, kEnding);
  EXPECT_EQ(staffing().surplus(), nullptr);
}

TEST_F(StaffingTest, ABusyWorkerIsFoundToBeTooManyWhenItBecomesIdle) {
  startMany(3, busyLoad(1, seconds(1)));
  Seat& seat = start(busyLoad(1, seconds(1)));
  staffing().resize(1, 3);
  EXPECT_EQ(staffing().surplus(), nullptr);
  set(seat, kIdleLoad);
  EXPECT_TRUE(staffing().isSurplus(seat));
}

// Pruning.

class PruningTest : public StaffingTest {
 protected:
  PruningTest() : StaffingTest({.min = 1, .max = 4, .maxIdle = minutes(1)}) {}
};

TEST_F(PruningTest, TheOneThatHasBeenIdleLongestGoesFirst) {
  Seat& first = ready();
  now_ += seconds(1);
  ready();
  EXPECT_EQ(staffing().pruneNext(), &first);
  EXPECT_EQ(staffing().pruneAt(first), TimePoint(seconds(1000)) + minutes(1));
}

TEST_F(PruningTest, MinWorkersStay) {
  ready();
  EXPECT_EQ(staffing().pruneNext(), nullptr);
}

TEST_F(PruningTest, WorkCountsAsNotIdle) {
  Seat& first = ready();
  Seat& second = ready();
  set(first, busyLoad(1, seconds(1)));
  now_ += seconds(5);
  set(first, kIdleLoad);
  EXPECT_EQ(staffing().pruneNext(), &second);
}

TEST_F(PruningTest, NobodyIsPrunedDuringAReload) {
  ready();
  ready();
  staffing().beginReload(last_);
  EXPECT_EQ(staffing().pruneNext(), nullptr);
}

TEST_F(PruningTest, ForEverIsNotATimeInThePast) {
  rules_.maxIdle = Duration::max();
  EXPECT_EQ(staffing().pruneAt(ready()), TimePoint::max());
}

// Failed starts and crashes.

TEST_F(StaffingTest, TheFirstFailureIsFollowedAtOnce) {
  EXPECT_FALSE(failsToStart());
  EXPECT_LE(staffing().nextStart(), now_);
}

TEST_F(StaffingTest, FurtherFailuresAreFollowedAfterPauses) {
  failToStart(2);
  EXPECT_GT(staffing().nextStart(), now_);
}

TEST_F(StaffingTest, GivesUpAfterItsNumberOfFailedStarts) {
  const unsigned most = RestartOptions{}.failedStarts;
  EXPECT_FALSE(failToStart(most - 1));
  EXPECT_TRUE(failToStart(1));
}

TEST_F(StaffingTest, WhileItIsGivenUpOneIsTriedAtATimeAndNewJobsHaveNoHope) {
  failToStart(RestartOptions{}.failedStarts);
  EXPECT_TRUE(staffing().giveUp(deathBy(DeathCause::startup)));
  EXPECT_FALSE(staffing().giveUp(deathBy(DeathCause::startup))) << "it is said once";
  EXPECT_TRUE(staffing().hopeless(now_));
  EXPECT_FALSE(staffing().triesOneAtATime());
  start();
  EXPECT_TRUE(staffing().triesOneAtATime());
  EXPECT_FALSE(staffing().hopeless(now_)) << "that one may get ready";
}

TEST_F(StaffingTest, AWorkerThatGetsReadyEndsThat) {
  failToStart(RestartOptions{}.failedStarts);
  staffing().giveUp(deathBy(DeathCause::startup));
  ready();
  EXPECT_FALSE(staffing().startupFailure());
  start();
  EXPECT_FALSE(staffing().triesOneAtATime());
}

TEST_F(StaffingTest, DeathsThatThePoolWantedDoNotCount) {
  for (const auto cause : {DeathCause::timeout, DeathCause::softTimeout, DeathCause::deadline,
                           DeathCause::cancel, DeathCause::recycle, DeathCause::shutdown}) {
    for (int i = 0; i < 20; ++i) dies(ready(), deathBy(cause));
    EXPECT_LE(staffing().nextStart(), now_) << static_cast<int>(cause);
  }
}

TEST_F(StaffingTest, AnOutsidersKillOfAReadyWorkerDoesNotCount) {
  for (int i = 0; i < 20; ++i) {
    dies(ready(), deathBy(DeathCause::crash, Signalled{SIGKILL}));
  }
  EXPECT_LE(staffing().nextStart(), now_);
}

TEST_F(StaffingTest, WorkersThatCrashInARowAreFollowedAfterPauses) {
  for (int i = 0; i < 3; ++i) {
    now_ = std::max(now_, staffing().nextStart());
    EXPECT_FALSE(dies(ready(), deathBy(DeathCause::crash, Signalled{SIGSEGV})));
  }
  EXPECT_GT(staffing().nextStart(), now_);
}

TEST_F(StaffingTest, AShortageIsTriedAgainAfterAPauseAndLasts) {
  bool lasts = staffing().noteShortage(now_);
  EXPECT_FALSE(lasts);
  EXPECT_GT(staffing().nextStart(), now_);
  for (unsigned i = 1; i < RestartOptions{}.failedStarts; ++i) {
    now_ = staffing().nextStart();
    lasts = staffing().noteShortage(now_);
  }
  EXPECT_TRUE(lasts);
}

TEST_F(StaffingTest, AShortageDoesNotLastWhileAWorkerIsStarting) {
  start();
  bool lasts = false;
  for (unsigned i = 0; i < 2 * RestartOptions{}.failedStarts; ++i) {
    now_ = staffing().nextStart();
    lasts = staffing().noteShortage(now_);
  }
  EXPECT_FALSE(lasts);
}

TEST_F(StaffingTest, OptionsOfRestartWithoutSenseAreRefused) {
  rules_.restart.failedStarts = 0;
  EXPECT_THROW(staffing(), std::invalid_argument);
}

// Reloading.

TEST_F(StaffingTest, AReloadReplacesAllAndIsDoneWhenAsManyServe) {
  rules_.max = 2;
  Seat& first = ready();
  Seat& second = ready();
  staffing().beginReload(last_);
  EXPECT_FALSE(staffing().finishReload());
  Seat& third = start();
  EXPECT_FALSE(staffing().wantsMore({})) << "one spare at a time";
  set(third, kIdleLoad);
  EXPECT_EQ(staffing().takeReplaced({}), &first);
  dies(first, deathBy(DeathCause::recycle));
  ready();
  EXPECT_EQ(staffing().takeReplaced({}), &second);
  EXPECT_FALSE(staffing().finishReload()) << "an old one is left";
  dies(second, deathBy(DeathCause::recycle));
  EXPECT_TRUE(staffing().finishReload());
  EXPECT_FALSE(staffing().reloading());
}

TEST_F(StaffingTest, AReloadKeepsAsManyAsThereWere) {
  rules_.min = 0;
  ready();
  ready();
  staffing().beginReload(last_);
  EXPECT_EQ(staffing().wanted({}), 2U);
}

TEST_F(StaffingTest, AReloadThatFailsLeavesTheOldOnes) {
  Seat& first = ready();
  staffing().beginReload(last_);
  staffing().abandonReload();
  EXPECT_EQ(first.departure, Departure::none);
  EXPECT_FALSE(staffing().reloading());
  EXPECT_FALSE(staffing().finishReload());
}

TEST_F(StaffingTest, WorkersThatEndWhenAReloadBeginsAreNotReplacedTwice) {
  Seat& ending = start(kEnding);
  ready();
  staffing().beginReload(last_);
  EXPECT_EQ(ending.departure, Departure::none);
  EXPECT_EQ(roster_.departing(), 1U);
}

}  // namespace
}  // namespace phial::detail
