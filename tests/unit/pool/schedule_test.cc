#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/protocol/control_page.h>

#include <deque>
#include <utility>

#include "master/pool/schedule.h"
#include "tests/support/loads.h"
#include "tests/support/lone_job.h"

namespace phial::detail {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMostWorkers = 4;

class ScheduleTest : public ::testing::Test {
 protected:
  Seat& add(Load load, std::uint64_t quota = Seat::kNoQuota) {
    Seat& seat = roster_.add(++lastWorker_, nullptr, quota);
    set(seat, load);
    return seat;
  }
  void set(Seat& seat, Load load) { roster_.update(seat, load, {now_, now_}); }
  void addAll(Load load) {
    while (roster_.size() < kMostWorkers) add(load);
  }

  JobEntry& queue(JobOptions options = {}) {
    JobEntry& entry = entries_.emplace_back();
    const auto given = Ref(new CallOptions(MapOptions{.job = std::move(options)}));
    entry.job = Ref(new TypedJob<void>({owner_, ++lastJob_}, given, kSomeFunction, {}));
    queue_.pushBack(entry, entry.job->options().priority);
    return entry;
  }
  void queueMany(std::size_t jobs) {
    for (std::size_t i = 0; i < jobs; ++i) queue();
  }
  /// From here on jobs of the function are expected to take so long.
  void expectJobsOf(Duration run) { schedule_.noteRun(queue().job->function(), run, 0); }

  NotingOwner owner_;
  std::deque<JobEntry> entries_;
  Roster roster_;
  JobQueue queue_;
  PlacedJobs placed_;
  Schedule schedule_{roster_, queue_, placed_, kMostWorkers};
  TimePoint now_{seconds(1000)};
  std::uint64_t lastWorker_ = 0;
  std::uint64_t lastJob_ = 0;
};

TEST_F(ScheduleTest, AFreeWorkerGetsTheNextJobAtOnce) {
  queue();
  add(kIdleLoad);
  Seat& latest = add(kIdleLoad);
  EXPECT_EQ(schedule_.next(), &latest);
}

TEST_F(ScheduleTest, AJobWaitsWhereNoWorkerIsFree) {
  queue();
  EXPECT_EQ(schedule_.next(), nullptr);
  add({});
  EXPECT_EQ(schedule_.next(), nullptr) << "one is starting";
  add({.state = WorkerState::ending});
  EXPECT_EQ(schedule_.next(), nullptr) << "one is ending";
}

TEST_F(ScheduleTest, ABusyWorkerGetsNoJobOfAnUnknownFunction) {
  queue();
  addAll(busyLoad(1, microseconds(1)));
  EXPECT_EQ(schedule_.next(), nullptr);
}

TEST_F(ScheduleTest, ABusyWorkerGetsShortJobsInAdvance) {
  expectJobsOf(microseconds(10));
  Seat& seat = add(busyLoad(1, microseconds(50)));
  addAll(busyLoad(2, microseconds(1), false));
  EXPECT_EQ(schedule_.next(), &seat);
}

TEST_F(ScheduleTest, AFreeWorkerComesBeforeABusyOne) {
  expectJobsOf(microseconds(10));
  add(busyLoad(1, microseconds(50)));
  Seat& idle = add(kIdleLoad);
  EXPECT_EQ(schedule_.next(), &idle);
}

TEST_F(ScheduleTest, ALongJobIsNotSentInAdvance) {
  expectJobsOf(kPrefetchWork + milliseconds(1));
  addAll(busyLoad(1, microseconds(50)));
  EXPECT_EQ(schedule_.next(), nullptr);
}

TEST_F(ScheduleTest, AWorkerThatWillBeBusyForLongGetsNothingInAdvance) {
  expectJobsOf(microseconds(10));
  addAll(busyLoad(1, kPrefetchWork + milliseconds(1)));
  EXPECT_EQ(schedule_.next(), nullptr);
}

TEST_F(ScheduleTest, WhileWorkersAreStillToBeStartedOnlyVeryShortJobsAreSentInAdvance) {
  expectJobsOf(milliseconds(5));
  add(busyLoad(1, milliseconds(5)));
  EXPECT_EQ(schedule_.next(), nullptr);
  addAll(busyLoad(1, milliseconds(5)));
  EXPECT_NE(schedule_.next(), nullptr);
}

TEST_F(ScheduleTest, AJobThatMustNotStartTwiceTravelsAlone) {
  expectJobsOf(microseconds(10));
  JobEntry& never = queue({.rerun = Rerun::never});
  EXPECT_EQ(schedule_.expectation(never), std::nullopt);
}

TEST_F(ScheduleTest, AJobThatMayKillItsWorkerTravelsAlone) {
  expectJobsOf(microseconds(10));
  JobEntry& suspect = queue();
  suspect.state = std::make_unique<JobState>();
  EXPECT_NE(schedule_.expectation(suspect), std::nullopt);
  suspect.state->strikes.notBegun = 1;
  EXPECT_EQ(schedule_.expectation(suspect), std::nullopt);
}

TEST_F(ScheduleTest, MoreThanMostWorkersDoNotWorkAtOnce) {
  queue();
  Seat& old = add(kIdleLoad);
  addAll(busyLoad(1, microseconds(1)));
  Seat& replaced = add(busyLoad(1, microseconds(1)));
  EXPECT_EQ(schedule_.next(), &old);
  roster_.setDeparture(replaced, Departure::waits);
  EXPECT_EQ(schedule_.next(), nullptr);
  EXPECT_FALSE(schedule_.anyFree());
}

TEST_F(ScheduleTest, AJobIsLateWhenItRunsForLongerThanAllShouldTake) {
  const Seat& seat = add(busyLoad(2, milliseconds(5)));
  EXPECT_FALSE(Schedule::isLate(seat, milliseconds(5)));
  EXPECT_TRUE(Schedule::isLate(seat, milliseconds(5) + Duration(1)));
}

TEST_F(ScheduleTest, AJobOfALongBatchIsLateAfterSeveralTimesItsOwnTime) {
  Load load = busyLoad(20, milliseconds(200));
  load.next = milliseconds(10);
  const Seat& seat = add(load);
  EXPECT_FALSE(Schedule::isLate(seat, milliseconds(40)));
  EXPECT_TRUE(Schedule::isLate(seat, milliseconds(41)));
}

TEST_F(ScheduleTest, AJobOfUnknownTimeIsNeverLate) {
  EXPECT_FALSE(Schedule::isLate(add(busyLoad(2, Duration::max())), std::chrono::hours(1)));
}

TEST_F(ScheduleTest, AShortJobIsGivenAMoment) {
  const Seat& seat = add(busyLoad(2, microseconds(2)));
  EXPECT_FALSE(Schedule::isLate(seat, kLookPause));
}

// What travels together.

TEST_F(ScheduleTest, TheQueueIsSharedAmongTheWorkersThatHaveRoom) {
  queueMany(6);
  Seat& seat = add(kIdleLoad);
  add(kIdleLoad);
  add(busyLoad(1, microseconds(1)));
  auto plan = schedule_.plan({&seat, &queue_});
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(plan.admits(microseconds(1), {.arguments = 1}));
    plan.add(microseconds(1), {.arguments = 1});
  }
  EXPECT_TRUE(plan.full());
}

TEST_F(ScheduleTest, NoMoreJobsTravelThanABatchHasSlots) {
  queueMany(2 * kBatchSlots);
  auto plan = schedule_.plan({&add(kIdleLoad), &queue_});
  std::size_t jobs = 0;
  for (; plan.admits(Duration(1), {}); ++jobs) plan.add(Duration(1), {});
  EXPECT_EQ(jobs, kBatchSlots);
}

TEST_F(ScheduleTest, NoMoreJobsTravelThanTheWorkerMayServe) {
  queueMany(10);
  auto plan = schedule_.plan({&add(kIdleLoad, 3), &queue_});
  for (int i = 0; i < 3; ++i) plan.add(microseconds(1), {});
  EXPECT_TRUE(plan.full());
}

TEST_F(ScheduleTest, AWorkerPastItsNumberStillServesOneAtATime) {
  queueMany(10);
  Load served = kIdleLoad;
  served.given = 3;
  auto plan = schedule_.plan({&add(served, 3), &queue_});
  EXPECT_FALSE(plan.full());
  plan.add(microseconds(1), {});
  EXPECT_TRUE(plan.full());
}

/// A pool of many workers, all at work.
class ManyWorkersTest : public ScheduleTest {
 protected:
  ManyWorkersTest() {
    schedule_.setMostWorkers(kMany);
    for (std::size_t i = 0; i < kMany; ++i) add(busyLoad(1, milliseconds(10)));
    expectJobsOf(milliseconds(10));
  }
  /// How many jobs of 10 ms travel in one call.
  std::size_t jobsInACall() {
    auto plan = schedule_.plan({roster_.soonestFillable(), &queue_});
    std::size_t jobs = 0;
    for (; plan.admits(milliseconds(10), {}); ++jobs) plan.add(milliseconds(10), {});
    return jobs;
  }

  static constexpr std::size_t kMany = kManyWorkers + 100;
};

TEST_F(ManyWorkersTest, MoreWorkTravelsInOneCall) {
  queueMany(100 * kMany);
  EXPECT_EQ(jobsInACall(), 4U) << "100 workers too many, 0.4 ms for each";
}

TEST_F(ManyWorkersTest, AShortQueueIsSharedAllTheSame) {
  queueMany(kMany);
  EXPECT_LE(jobsInACall(), 2U);
}

TEST_F(ManyWorkersTest, AMoreImportantJobIsNotKeptWaiting) {
  queueMany(100 * kMany);
  queue({.priority = 1});
  EXPECT_EQ(jobsInACall(), 1U);
}

TEST_F(ManyWorkersTest, LongerJobsAreSentInAdvance) {
  expectJobsOf(milliseconds(90));
  for (int i = 0; i < 4; ++i) expectJobsOf(milliseconds(90));
  EXPECT_NE(schedule_.next(), nullptr);
  queue({.priority = 1});
  EXPECT_EQ(schedule_.next(), nullptr);
}

TEST(BatchPlanTest, HoldsAsMuchWorkAsTravelsInOneCall) {
  BatchPlan plan(100, kBatchWork);
  EXPECT_TRUE(plan.admits(milliseconds(5), {})) << "the first job always";
  plan.add(kBatchWork - microseconds(1), {});
  EXPECT_TRUE(plan.admits(microseconds(1), {}));
  EXPECT_FALSE(plan.admits(microseconds(2), {}));
  EXPECT_EQ(plan.work(), kBatchWork - microseconds(1));
}

TEST(BatchPlanTest, HoldsAsManyBytesAsTravelCheaply) {
  BatchPlan plan(100, kBatchWork);
  EXPECT_TRUE(plan.admits(microseconds(1), {.arguments = 2 * kBatchArgumentWords}))
      << "the first job always";
  plan.add(microseconds(1), {.arguments = kBatchArgumentWords - 1});
  EXPECT_TRUE(plan.admits(microseconds(1), {.arguments = 1}));
  EXPECT_FALSE(plan.admits(microseconds(1), {.arguments = 2}));
}

TEST(BatchPlanTest, HoldsAsManyJobsAsTheirResultsHaveRoom) {
  BatchPlan plan(100, kBatchWork);
  EXPECT_TRUE(plan.admits(microseconds(1), {.result = 2 * kResultRoomWords})) << "the first always";
  plan.add(microseconds(1), {.result = kResultRoomWords - 1});
  EXPECT_TRUE(plan.admits(microseconds(1), {.result = 1}));
  EXPECT_FALSE(plan.admits(microseconds(1), {.result = 2}));
}

TEST(BatchPlanTest, AJobOfUnknownTimeTravelsAlone) {
  BatchPlan plan(100, kBatchWork);
  plan.add(std::nullopt, {});
  EXPECT_TRUE(plan.full());
  EXPECT_EQ(plan.work(), Duration::max());
  BatchPlan other(100, kBatchWork);
  other.add(microseconds(1), {});
  EXPECT_FALSE(other.admits(std::nullopt, {}));
}

TEST(BatchPlanTest, JobsThatCannotBeSentCountToo) {
  BatchPlan plan(2, kBatchWork);
  plan.skip();
  plan.skip();
  EXPECT_TRUE(plan.full());
  EXPECT_EQ(plan.work(), Duration::zero());
}

// Looks.

TEST_F(ScheduleTest, NobodyIsLookedAtWhereNothingWaitsBehindAnother) {
  add(busyLoad(1, milliseconds(1)));
  EXPECT_EQ(schedule_.nextLook(now_), std::nullopt);
}

TEST_F(ScheduleTest, ACrowdedWorkerIsLookedAtWhenItsFirstBatchIsDue) {
  Seat& seat = add(busyLoad(2, milliseconds(3)));
  EXPECT_EQ(schedule_.nextLook(now_), now_ + milliseconds(3) + kLookPause);
  EXPECT_EQ(schedule_.dueForLook(now_ + milliseconds(3)), nullptr);
  EXPECT_EQ(schedule_.dueForLook(now_ + milliseconds(4)), &seat);
}

TEST_F(ScheduleTest, AnIdleWorkerBringsTheLookForward) {
  add(busyLoad(2, milliseconds(8)));
  add(kIdleLoad);
  EXPECT_EQ(schedule_.takers(), 1U);
  EXPECT_EQ(schedule_.nextLook(now_), now_ + kLookPause);
}

TEST_F(ScheduleTest, AnIdleWorkerTakesNothingOfAShortBatch) {
  add(busyLoad(2, kBatchWork));
  add(kIdleLoad);
  EXPECT_EQ(schedule_.nextLook(now_), now_ + kBatchWork + kLookPause);
  EXPECT_FALSE(Schedule::spares(*roster_.lastCrowded()));
}

TEST_F(ScheduleTest, AnIdleWorkerTakesWhatIsQueuedFirst) {
  queue();
  add(kIdleLoad);
  EXPECT_EQ(schedule_.takers(), 0U);
}

}  // namespace
}  // namespace phial::detail
