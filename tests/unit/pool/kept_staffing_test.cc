// What Staffing decides while workers are leased, and while jobs wait for fresh ones.
#include "tests/unit/pool/staffing_fixture.h"

namespace phial::detail {
namespace {

constexpr Load kUsedLoad{.state = WorkerState::idle, .room = true, .given = 1};

class KeptStaffingTest : public StaffingTest {
 protected:
  KeptStaffingTest() : StaffingTest({.min = 1, .max = 12, .maxIdle = std::chrono::seconds(1)}) {}

  Seat& leased(std::uint64_t lease) {
    Seat& seat = ready();
    staffing().leaseTo(seat, lease);
    return seat;
  }
  void leaseMany(std::size_t leases) {
    for (std::size_t i = 1; i <= leases; ++i) leased(i);
  }
};

TEST_F(KeptStaffingTest, LeasedWorkersComeOnTopOfThoseForJobsUpToMax) {
  leaseMany(3);
  EXPECT_EQ(staffing().wanted({}), 4U) << "one is kept ready";
  EXPECT_EQ(staffing().wanted({.waiting = 2}), 5U);
  EXPECT_EQ(staffing().wanted({.waiting = 100}), 12U);
}

TEST_F(KeptStaffingTest, ALeaseThatWaitsWantsAWorker) {
  ready();
  set(start(), busyLoad(1, Duration(1)));
  EXPECT_FALSE(staffing().wantsMore({.leases = 1}));
  EXPECT_TRUE(staffing().wantsMore({.leases = 2}));
}

TEST_F(KeptStaffingTest, ALeasedWorkerIsNeitherPrunedNorRetiredAsSurplus) {
  leaseMany(3);
  EXPECT_EQ(staffing().pruneNext(), nullptr);
  staffing().resize(1, 2);
  EXPECT_EQ(staffing().surplus(), nullptr);
  Seat& shared = ready();
  EXPECT_EQ(staffing().surplus(), &shared);
}

TEST_F(KeptStaffingTest, MinIsKeptBesideLeasedWorkers) {
  leaseMany(3);
  ready();
  EXPECT_EQ(staffing().pruneNext(), nullptr) << "the only one for jobs";
  Seat& oldest = roster_.oldestIdle();
  ready();
  EXPECT_EQ(staffing().pruneNext(), &oldest);
}

TEST_F(KeptStaffingTest, ALeasedWorkerIsNotReplacedBeforeItsRelease) {
  Seat& seat = leased(1);
  Load served = kUsedLoad;
  seat.quota = 1;
  set(seat, served);
  staffing().noteDispatch(seat, now_);
  EXPECT_EQ(seat.departure, Departure::none);
}

TEST_F(KeptStaffingTest, AReloadReplacesALeasedWorkerAfterItsRelease) {
  Seat& seat = leased(1);
  Seat& shared = ready();
  staffing().beginReload(last_);
  EXPECT_EQ(seat.departure, Departure::none);
  EXPECT_EQ(shared.departure, Departure::servesOn);
  roster_.remove(shared);
  ready();
  EXPECT_FALSE(staffing().finishReload()) << "an old worker is left";
  staffing().endLease(seat);
  EXPECT_EQ(seat.departure, Departure::servesOn);
  roster_.remove(seat);
  EXPECT_TRUE(staffing().finishReload());
}

TEST_F(KeptStaffingTest, AReleaseWithoutAReloadLeavesTheWorkerInService) {
  Seat& seat = leased(1);
  EXPECT_EQ(roster_.idle(), 0U);
  staffing().endLease(seat);
  EXPECT_EQ(seat.departure, Departure::none);
  EXPECT_EQ(roster_.idle(), 1U);
}

TEST_F(KeptStaffingTest, AWorkerAtItsLastJobTakesNoOther) {
  Seat& seat = ready();
  staffing().replace(seat);
  staffing().noteLastJob(seat);
  set(seat, busyLoad(1, Duration(1)));
  EXPECT_EQ(staffing().wanted({}), 2U) << "one is kept ready beside it";
  EXPECT_EQ(roster_.soonestFillable(), nullptr);
  set(seat, kUsedLoad);
  EXPECT_EQ(roster_.idle(), 0U);
}

TEST_F(KeptStaffingTest, AFreshJobStartsAWorkerThoughAUsedOneIsIdle) {
  start(kUsedLoad);
  EXPECT_FALSE(staffing().wantsMore({.waiting = 1}));
  EXPECT_TRUE(staffing().wantsMore({.fresh = 1}));
  start();
  EXPECT_FALSE(staffing().wantsMore({.fresh = 1})) << "one is starting";
}

TEST_F(KeptStaffingTest, AnIdleFreshWorkerIsEnoughForAFreshJob) {
  ready();
  EXPECT_FALSE(staffing().wantsMore({.fresh = 1}));
  EXPECT_TRUE(staffing().wantsMore({.fresh = 2}));
}

TEST_F(KeptStaffingTest, AtMaxAnIdleUsedWorkerGivesWayToAFreshOne) {
  Seat& fresh = ready();
  Seat& used = start(kUsedLoad);
  EXPECT_EQ(staffing().givesWay({.fresh = 2}), nullptr) << "there is room";
  startMany(10, busyLoad(1, Duration(1)));
  EXPECT_EQ(staffing().givesWay({.fresh = 1}), nullptr) << "one is there";
  EXPECT_EQ(staffing().givesWay({.fresh = 2}), &used);
  EXPECT_EQ(staffing().givesWay({.fresh = 2, .open = false}), nullptr);
  set(used, kEnding);
  EXPECT_EQ(staffing().givesWay({.fresh = 2}), nullptr) << "one at a time";
  EXPECT_TRUE(staffing().wantsMore({.fresh = 2}));
  static_cast<void>(fresh);
}

TEST_F(KeptStaffingTest, AtMaxWithOnlyLeasedWorkersNoneGivesWay) {
  leaseMany(12);
  EXPECT_EQ(staffing().givesWay({.fresh = 1}), nullptr);
  EXPECT_FALSE(staffing().wantsMore({.waiting = 5, .fresh = 1, .leases = 1}));
}

}  // namespace
}  // namespace phial::detail
