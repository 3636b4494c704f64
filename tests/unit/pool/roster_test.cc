#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "master/pool/roster.h"
#include "master/pool/schedule.h"
#include "tests/support/loads.h"

namespace phial::detail {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

class RosterTest : public ::testing::Test {
 protected:
  Seat& add(Load load = {}) {
    Seat& seat = roster_.add(++last_);
    set(seat, load);
    return seat;
  }
  void set(Seat& seat, Load load) { roster_.update(seat, load, now_); }
  void pass(Duration time) {
    now_.pool += time;
    now_.reactor += time;
  }
  std::vector<std::uint64_t> idleFromLatest() {
    std::vector<std::uint64_t> numbers;
    while (roster_.idle() > 0) {
      numbers.push_back(roster_.latestIdle().number);
      set(roster_.latestIdle(), busyLoad(1, milliseconds(1)));
    }
    return numbers;
  }

  Roster roster_;
  Roster::Now now_{TimePoint(seconds(1)), TimePoint(seconds(1000))};
  std::uint64_t last_ = 0;
};

TEST_F(RosterTest, CountsByState) {
  Seat& a = add();
  Seat& b = add(kIdleLoad);
  add(busyLoad(1, milliseconds(1)));
  EXPECT_EQ(roster_.size(), 3U);
  EXPECT_EQ(roster_.count(WorkerState::starting), 1U);
  EXPECT_EQ(roster_.serving(), 2U);
  set(a, kIdleLoad);
  set(b, {.state = WorkerState::ending});
  EXPECT_EQ(roster_.count(WorkerState::starting), 0U);
  EXPECT_EQ(roster_.count(WorkerState::idle), 1U);
  EXPECT_EQ(roster_.active(), 2U);
  const auto number = b.number;
  roster_.remove(b);
  EXPECT_EQ(roster_.size(), 2U);
  EXPECT_EQ(roster_.find(number), nullptr);
}

TEST_F(RosterTest, IdleWorkersAreTakenLatestFirst) {
  add(kIdleLoad);
  Seat& second = add(kIdleLoad);
  add(kIdleLoad);
  set(second, busyLoad(1, milliseconds(1)));
  set(second, kIdleLoad);
  EXPECT_THAT(idleFromLatest(), ElementsAre(2, 3, 1));
}

TEST_F(RosterTest, AWorkerStaysWhereItIsInTheLineWhenOnlyItsFiguresChange) {
  Seat& first = add(kIdleLoad);
  add(kIdleLoad);
  pass(seconds(1));
  Load served = kIdleLoad;
  served.given = 7;
  set(first, served);
  EXPECT_EQ(roster_.oldestIdle().number, first.number);
  EXPECT_EQ(first.idleSince, TimePoint(seconds(1)));
}

TEST_F(RosterTest, AWorkerThatBeginsToEndIsNotFreeAnyMore) {
  Seat& seat = add(kIdleLoad);
  set(seat, {.state = WorkerState::ending});
  EXPECT_EQ(roster_.idle(), 0U);
  EXPECT_EQ(roster_.withRoom(), 0U);
  EXPECT_EQ(&roster_.endingSeats().front(), &seat);
}

TEST_F(RosterTest, FillsFirstWhoIsDoneSoonest) {
  add(busyLoad(1, milliseconds(9)));
  Seat& soon = add(busyLoad(1, milliseconds(3)));
  Seat& sooner = add(busyLoad(1, milliseconds(1)));
  EXPECT_EQ(roster_.soonestFillable(), &sooner);
  set(sooner, busyLoad(2, milliseconds(2), false));
  EXPECT_EQ(roster_.soonestFillable(), &soon);
  EXPECT_EQ(roster_.withRoom(), 2U);
}

TEST_F(RosterTest, ALateWorkerGetsNothingUntilItIsHeardOfOrLookedAt) {
  Seat& seat = add(busyLoad(1, milliseconds(1)));
  roster_.noteLate(seat);
  EXPECT_EQ(roster_.soonestFillable(), nullptr);
  set(seat, busyLoad(1, milliseconds(2)));
  EXPECT_EQ(roster_.soonestFillable(), &seat);
  roster_.noteLate(seat);
  roster_.lookAgain(seat, now_.reactor);
  EXPECT_EQ(roster_.soonestFillable(), &seat);
}

TEST_F(RosterTest, AWorkerThatHasServedItsNumberIsNotFilled) {
  Seat& seat = roster_.add(++last_, nullptr, 2);
  set(seat, busyLoad(1, milliseconds(1)));
  EXPECT_EQ(roster_.soonestFillable(), &seat);
  set(seat, busyLoad(2, milliseconds(1)));
  EXPECT_EQ(seat.jobsLeft(), 0U);
  EXPECT_EQ(roster_.soonestFillable(), nullptr);
}

TEST_F(RosterTest, CrowdedWorkersAreLookedAtInTheOrderOfTheirDueTimes) {
  Seat& late = add(busyLoad(2, milliseconds(8)));
  Seat& early = add(busyLoad(2, milliseconds(2)));
  add(busyLoad(1, milliseconds(1)));
  EXPECT_EQ(roster_.crowded(), 2U);
  EXPECT_EQ(roster_.firstCrowded(), &early);
  EXPECT_EQ(early.lookAt, now_.reactor + milliseconds(2) + kLookPause);
  EXPECT_EQ(roster_.lastCrowded(), &late);
  EXPECT_EQ(roster_.crowdedBefore(late), &early);
  EXPECT_EQ(roster_.crowdedBefore(early), nullptr);
  roster_.lookAgain(early, now_.reactor + seconds(1));
  EXPECT_EQ(roster_.firstCrowded(), &late);
}

TEST_F(RosterTest, AWorkerOfUnknownTimeIsLookedAtInTimeToo) {
  const Seat& seat = add(busyLoad(2, Duration::max()));
  EXPECT_EQ(seat.lookAt, now_.reactor + kPrefetchWork + kLookPause);
}

TEST_F(RosterTest, DepartingWorkersAreCountedByWhatTheyDo) {
  Seat& a = add(kIdleLoad);
  Seat& b = add(busyLoad(1, milliseconds(1)));
  add(kIdleLoad);
  roster_.setDeparture(a, Departure::waits);
  roster_.setDeparture(b, Departure::servesOn);
  EXPECT_EQ(roster_.departing(), 2U);
  EXPECT_EQ(roster_.waitingToGo(), 1U);
  EXPECT_EQ(roster_.departing(WorkerState::busy), 1U);
  EXPECT_EQ(roster_.staying(), 1U);
  set(b, {.state = WorkerState::ending});
  EXPECT_EQ(roster_.departingActive(), 1U);
  EXPECT_EQ(roster_.staying(), 1U);
  roster_.setDeparture(a, Departure::none);
  EXPECT_EQ(roster_.waitingToGo(), 0U);
  EXPECT_EQ(roster_.staying(), 2U);
}

TEST_F(RosterTest, AWorkerThatWaitsToGoIsNotFreeUntilItServesOn) {
  Seat& seat = add(kIdleLoad);
  roster_.setDeparture(seat, Departure::waits);
  EXPECT_EQ(roster_.idle(), 0U);
  roster_.setDeparture(seat, Departure::servesOn);
  EXPECT_EQ(roster_.idle(), 1U);
}

TEST_F(RosterTest, WhoTakesNoFurtherJobIsReplacedFirst) {
  Seat& servesOn = add(kIdleLoad);
  Seat& waits = add(busyLoad(1, milliseconds(1)));
  roster_.setDeparture(servesOn, Departure::servesOn);
  roster_.setDeparture(waits, Departure::waits);
  EXPECT_EQ(roster_.firstReplaceable(), &servesOn);
  set(waits, kIdleLoad);
  EXPECT_EQ(roster_.firstReplaceable(), &waits);
  set(waits, {.state = WorkerState::ending});
  EXPECT_EQ(roster_.firstReplaceable(), &servesOn);
}

// The orders after any history are those that a count of all seats gives.
TEST_F(RosterTest, WhatIsKeptIsWhatACountWouldFind) {
  std::mt19937 random(11);
  const auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  for (int step = 0; step < 20'000; ++step) {
    if (roster_.size() < 3 || pick(50) == 0) add();
    auto at = roster_.seats().begin();
    std::advance(at, pick(static_cast<unsigned>(roster_.size())));
    Seat& seat = at->second;
    switch (pick(8)) {
      case 0:
        set(seat, kIdleLoad);
        break;
      case 1:
        set(seat, busyLoad(1 + pick(3), milliseconds(pick(30)), pick(2) == 0));
        break;
      case 2:
        set(seat, {.state = WorkerState::ending});
        break;
      case 3:
        roster_.setDeparture(seat, static_cast<Departure>(pick(3)));
        break;
      case 4:
        roster_.noteLate(seat);
        break;
      case 5:
        roster_.lookAgain(seat, now_.reactor + milliseconds(pick(30)));
        break;
      case 6:
        pass(milliseconds(pick(10)));
        break;
      case 7:
        if (pick(8) == 0) roster_.remove(seat);
        break;
    }
    std::size_t idle = 0, fillable = 0, crowded = 0, departing = 0, active = 0;
    const Seat* soonest = nullptr;
    for (const auto& [number, other] : roster_.seats()) {
      const auto& load = other.load;
      const bool takesJobs = other.departure != Departure::waits;
      active += load.state != WorkerState::ending ? 1U : 0U;
      departing += other.departure != Departure::none ? 1U : 0U;
      idle += load.state == WorkerState::idle && takesJobs ? 1U : 0U;
      crowded += load.state == WorkerState::busy && load.held > 1 ? 1U : 0U;
      if (load.state != WorkerState::busy || !load.room || other.late || !takesJobs) continue;
      ++fillable;
      if (soonest == nullptr || load.expected < soonest->load.expected) soonest = &other;
    }
    ASSERT_EQ(roster_.idle(), idle) << step;
    ASSERT_EQ(roster_.withRoom(), idle + fillable) << step;
    ASSERT_EQ(roster_.crowded(), crowded) << step;
    ASSERT_EQ(roster_.departing(), departing) << step;
    ASSERT_EQ(roster_.active(), active) << step;
    ASSERT_EQ(roster_.soonestFillable(), soonest) << step;
  }
}

}  // namespace
}  // namespace phial::detail
