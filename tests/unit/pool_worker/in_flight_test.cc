#include "master/worker/in_flight.h"

#include <gtest/gtest.h>

namespace phial::detail {
namespace {

using std::chrono::microseconds;

class InFlightTest : public ::testing::Test {
 protected:
  ~InFlightTest() noexcept override = default;

  /// Sends jobs of these numbers as one batch.
  void send(const std::vector<std::uint64_t>& ids, Duration expected = microseconds(1)) {
    const unsigned first = jobs_.nextSlot();
    std::vector<InFlight::Job> sent;
    for (const auto id : ids) {
      page().slots[first + sent.size()].offer(id);
      sent.push_back({id, 0, {}});
    }
    jobs_.add(std::move(sent), {}, expected);
  }
  ControlPage& page() { return control_.page(); }
  std::uint64_t idAt(std::optional<InFlight::Place> place) {
    return place ? jobs_.job(*place).id : 0;
  }

  ControlPageMapping control_ = ControlPageMapping::create();
  InFlight jobs_{control_.page()};
};

TEST_F(InFlightTest, TwoBatchesAreFullAndUseDifferentSlots) {
  EXPECT_TRUE(jobs_.empty());
  send({1, 2});
  EXPECT_FALSE(jobs_.full());
  send({3});
  EXPECT_TRUE(jobs_.full());
  EXPECT_EQ(jobs_.batches()[0].firstSlot, 0U);
  EXPECT_EQ(jobs_.batches()[1].firstSlot, kBatchSlots);
  EXPECT_EQ(jobs_.held(), 3U);
  jobs_.popFront();
  EXPECT_EQ(jobs_.nextSlot(), 0U) << "the slots of the batch that is left are in use";
  EXPECT_EQ(jobs_.held(), 1U);
  EXPECT_EQ(jobs_.nextNumber(), 3U);
}

TEST_F(InFlightTest, WhatIsTakenBackOrAnsweredIsNotHeld) {
  send({1, 2, 3});
  EXPECT_TRUE(jobs_.takeBack(*jobs_.find(2)));
  EXPECT_FALSE(jobs_.find(2));
  EXPECT_FALSE(page().slots[1].claim(2));
  ASSERT_TRUE(page().slots[0].claim(1));
  EXPECT_FALSE(jobs_.takeBack(*jobs_.find(1))) << "it has begun";
  jobs_.settle(*jobs_.find(1), InFlight::Held::answered);
  EXPECT_EQ(jobs_.all(), std::vector<std::uint64_t>{3});
  EXPECT_EQ(jobs_.held(), 1U);
}

TEST_F(InFlightTest, TellsTheJobThatRunsFromThoseThatWaitAndThoseThatEnded) {
  send({1, 2, 3});
  EXPECT_FALSE(jobs_.running());
  EXPECT_EQ(idAt(jobs_.firstWaiting()), 1U);
  ASSERT_TRUE(page().slots[0].claim(1));
  EXPECT_EQ(idAt(jobs_.running()), 1U) << "taken up, and not yet named";
  page().job = 1;
  EXPECT_EQ(idAt(jobs_.running()), 1U);
  EXPECT_EQ(idAt(jobs_.firstWaiting()), 2U);
  page().slots[0].deliver(1);
  EXPECT_FALSE(jobs_.running());
  EXPECT_TRUE(jobs_.delivered(*jobs_.find(1)));
  ASSERT_TRUE(page().slots[1].claim(2));
  page().job = 2;
  EXPECT_EQ(idAt(jobs_.running()), 2U);
}

TEST_F(InFlightTest, BelievesNothingOfJobsThatTheWorkerDoesNotHold) {
  send({1, 2});
  page().job = 77;
  EXPECT_FALSE(jobs_.running());
  page().job = 2;
  EXPECT_FALSE(jobs_.running()) << "it is named, but was not taken up";
  EXPECT_FALSE(jobs_.find(77));
}

TEST_F(InFlightTest, AnUnknownTimeMakesTheWholeUnknown) {
  send({1}, microseconds(3));
  EXPECT_EQ(jobs_.expected(), microseconds(3));
  send({2}, Duration::max());
  EXPECT_EQ(jobs_.expected(), Duration::max());
}

}  // namespace
}  // namespace phial::detail
