// What Schedule decides for jobs that may not run anywhere: those bound to one worker, and those
// that need a fresh one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <utility>

#include "master/pool/schedule.h"
#include "tests/support/loads.h"
#include "tests/support/lone_job.h"

namespace phial::detail {
namespace {

using At = Placement::At;
using std::chrono::microseconds;
using std::chrono::seconds;

class PlacedScheduleTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kMost = 12;

  Seat& add(Load load) {
    Seat& seat = roster_.add(++lastWorker_);
    set(seat, load);
    return seat;
  }
  void set(Seat& seat, Load load) { roster_.update(seat, load, {now_, now_}); }
  Seat& addUsed() {
    Load load = kIdleLoad;
    load.given = 1;
    return add(load);
  }
  JobEntry& queue(JobOptions options = {}) { return enter({}, std::move(options)); }
  JobEntry& queueFresh(JobOptions options = {}) { return enter({At::fresh}, std::move(options)); }
  JobEntry& queueFor(const Seat& seat, JobOptions options = {}) {
    return enter({At::worker, seat.number, 1}, std::move(options));
  }
  JobEntry& enter(Placement placement, JobOptions options) {
    JobEntry& entry = entries_.emplace_back();
    const auto given = Ref(new CallOptions(MapOptions{.job = std::move(options)}));
    entry.job = Ref(new TypedJob<void>({owner_, ++lastJob_}, given, kSomeFunction, {}));
    if (placement.at == At::any) {
      queue_.pushBack(entry, entry.job->options().priority);
    } else {
      entry.state = std::make_unique<JobState>();
      entry.state->placement = placement;
      placed_.pushBack(entry);
    }
    return entry;
  }
  /// The job that is sent next, to the worker of this seat; null: none.
  JobEntry* sentTo(const Seat& seat) {
    const Turn turn = schedule_.nextTurn();
    return turn.seat == &seat ? &turn.jobs->front() : nullptr;
  }
  bool nothingIsSent() { return !schedule_.nextTurn(); }

  NotingOwner owner_;
  std::deque<JobEntry> entries_;
  Roster roster_;
  JobQueue queue_;
  PlacedJobs placed_;
  Schedule schedule_{roster_, queue_, placed_, kMost};
  TimePoint now_{seconds(1000)};
  std::uint64_t lastWorker_ = 0;
  std::uint64_t lastJob_ = 0;
};

TEST_F(PlacedScheduleTest, AJobOfALeaseGoesToItsWorkerAlone) {
  Seat& leased = add(kIdleLoad);
  Seat& other = add(kIdleLoad);
  roster_.setLease(leased, 1);
  JobEntry& job = queueFor(leased);
  EXPECT_EQ(sentTo(leased), &job);
  set(leased, busyLoad(1, Duration::max()));
  EXPECT_TRUE(nothingIsSent());
  EXPECT_EQ(roster_.idle(), 1U);
  EXPECT_EQ(&roster_.latestIdle(), &other);
}

TEST_F(PlacedScheduleTest, AJobWhoseWorkerIsBusyHoldsUpNoJobBehindIt) {
  Seat& leased = add(busyLoad(1, Duration::max()));
  Seat& other = add(kIdleLoad);
  roster_.setLease(leased, 1);
  for (int i = 0; i < 12; ++i) queueFor(leased, {.priority = 5});
  JobEntry& job = queue();
  EXPECT_EQ(sentTo(other), &job);
}

TEST_F(PlacedScheduleTest, ALeasedWorkerGetsNoJobOfOthersIdleOrBusy) {
  Seat& idle = add(kIdleLoad);
  Seat& busy = add(busyLoad(1, microseconds(10)));
  roster_.setLease(idle, 1);
  roster_.setLease(busy, 2);
  schedule_.noteRun(queue().job->function(), microseconds(10), 0);
  EXPECT_TRUE(nothingIsSent());
  EXPECT_EQ(roster_.withRoom(), 0U);
  roster_.setLease(idle, 0);
  EXPECT_NE(sentTo(idle), nullptr);
}

TEST_F(PlacedScheduleTest, JobsOfALeaseRunByPriorityAndThenInOrder) {
  Seat& leased = add(kIdleLoad);
  roster_.setLease(leased, 1);
  queueFor(leased);
  JobEntry& urgent = queueFor(leased, {.priority = 1});
  queueFor(leased, {.priority = 1});
  EXPECT_EQ(sentTo(leased), &urgent);
}

TEST_F(PlacedScheduleTest, AWorkerThatIsWaitedForGetsNothingElseUntilItHasHadItsJob) {
  Seat& seat = add(busyLoad(1, microseconds(10)));
  schedule_.noteRun(kSomeFunction, microseconds(10), 0);
  JobEntry& job = queueFor(seat);
  queue();
  EXPECT_TRUE(nothingIsSent()) << "not in advance either";
  set(seat, kIdleLoad);
  placed_.markIfWaitedFor(seat.number);
  EXPECT_EQ(sentTo(seat), &job);
}

TEST_F(PlacedScheduleTest, AWorkerWhoseOwnJobsWereCancelledServesOthersAgain) {
  Seat& seat = add(busyLoad(1, Duration::max()));
  JobEntry& job = queueFor(seat);
  EXPECT_TRUE(nothingIsSent());
  placed_.remove(job);
  set(seat, kIdleLoad);
  JobEntry& other = queue();
  EXPECT_EQ(sentTo(seat), &other);
}

TEST_F(PlacedScheduleTest, OneOfADozenLeasesIsServedWhenItsWorkerIsIdle) {
  std::deque<Seat*> seats;
  for (std::uint64_t i = 1; i <= kMost; ++i) {
    Seat& seat = add(busyLoad(1, Duration::max()));
    roster_.setLease(seat, i);
    queueFor(seat);
    seats.push_back(&seat);
  }
  EXPECT_TRUE(nothingIsSent());
  EXPECT_EQ(placed_.firstMarked(), std::nullopt) << "none is looked at again without a reason";
  set(*seats[7], kIdleLoad);
  placed_.markIfWaitedFor(seats[7]->number);
  EXPECT_NE(sentTo(*seats[7]), nullptr);
}

TEST_F(PlacedScheduleTest, AFreshJobWaitsForAWorkerThatHasServedNobody) {
  addUsed();
  JobEntry& job = queueFresh();
  EXPECT_TRUE(nothingIsSent());
  Seat& fresh = add(kIdleLoad);
  EXPECT_EQ(sentTo(fresh), &job);
  EXPECT_TRUE(schedule_.plan(schedule_.nextTurn()).admits(std::nullopt, {}));
  EXPECT_EQ(schedule_.expectation(job), std::nullopt) << "it travels alone";
}

TEST_F(PlacedScheduleTest, AFreshJobHoldsUpNoJobBehindItWhileThereIsRoomForAnotherWorker) {
  Seat& used = addUsed();
  queueFresh();
  JobEntry& job = queue();
  EXPECT_EQ(sentTo(used), &job);
}

TEST_F(PlacedScheduleTest, AtTheMostWorkersTheNextIdleOneMakesRoomForAFreshJobBeforeLaterJobs) {
  addUsed();
  while (roster_.size() < kMost) add(busyLoad(1, Duration::max()));
  JobEntry& earlier = queue();
  JobEntry& fresh = queueFresh();
  queue();
  EXPECT_EQ(&schedule_.nextTurn().jobs->front(), &earlier) << "which was submitted before it";
  queue_.remove(earlier, 0);
  EXPECT_TRUE(nothingIsSent());
  placed_.remove(fresh);
  EXPECT_FALSE(nothingIsSent());
}

TEST_F(PlacedScheduleTest, AMoreImportantJobComesBeforeAFreshOne) {
  Seat& fresh = add(kIdleLoad);
  queueFresh();
  JobEntry& urgent = queue({.priority = 1});
  EXPECT_EQ(sentTo(fresh), &urgent);
}

TEST_F(PlacedScheduleTest, WhatEveryWorkerRunsLeavesItFresh) {
  Seat& seat = add(kIdleLoad);
  roster_.noteCommonJob(seat);
  Load load = kIdleLoad;
  load.given = 1;
  set(seat, load);
  EXPECT_EQ(roster_.fresh(), 1U);
  load.given = 2;
  set(seat, load);
  EXPECT_EQ(roster_.fresh(), 0U);
}

TEST_F(PlacedScheduleTest, WithoutPrefetchABusyWorkerBecomesIdle) {
  schedule_.noteRun(queue().job->function(), microseconds(10), 0);
  for (std::size_t i = 0; i < kMost; ++i) add(busyLoad(1, microseconds(10)));
  EXPECT_FALSE(nothingIsSent());
  schedule_.setPrefetch(Schedule::Prefetch::off);
  EXPECT_TRUE(nothingIsSent());
}

TEST_F(PlacedScheduleTest, ALeasedWorkerGivesNoneOfItsJobsToIdleOnes) {
  Seat& leased = add(busyLoad(3, seconds(1)));
  EXPECT_TRUE(Schedule::spares(leased));
  roster_.setLease(leased, 1);
  EXPECT_FALSE(Schedule::spares(leased));
}

TEST_F(PlacedScheduleTest, TheJobsOfADeadWorkerAreDoomedAndTheOthersAreNot) {
  Seat& dead = add(kIdleLoad);
  Seat& other = add(busyLoad(1, Duration::max()));
  JobEntry& first = queueFor(dead);
  queueFor(dead);
  queueFor(other);
  placed_.doom(dead.number, Failure(std::runtime_error("dead")));
  EXPECT_EQ(placed_.of(dead.number), nullptr);
  EXPECT_TRUE(placed_.anyToRun());
  ASSERT_TRUE(placed_.anyDoomed());
  EXPECT_EQ(placed_.firstDoomed().job, &first);
  EXPECT_EQ(placed_.firstDoomed().reason->message(), "dead");
  while (placed_.anyDoomed()) placed_.remove(*placed_.firstDoomed().job);
  EXPECT_EQ(placed_.size(), 1U);
  EXPECT_FALSE(placed_.anyFor(dead.number));
}

}  // namespace
}  // namespace phial::detail
