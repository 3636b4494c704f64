#include "master/worker/in_flight.h"

#include <gtest/gtest.h>

namespace phial::detail {
namespace {

using std::chrono::microseconds;

class InFlightTest : public ::testing::Test {
 protected:
  ~InFlightTest() noexcept override = default;

  /// Notes jobs of these numbers as one batch.
  void send(const std::vector<std::uint64_t>& ids, Duration expected = microseconds(1)) {
    std::vector<InFlight::Job> sent;
    for (const auto id : ids) sent.push_back({id, 0, {}});
    jobs_.add(std::move(sent), {}, expected);
  }

  InFlight jobs_;
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
  jobs_.settle(*jobs_.find(2), InFlight::Held::byPool);
  EXPECT_FALSE(jobs_.find(2));
  jobs_.settle(*jobs_.find(1), InFlight::Held::answered);
  EXPECT_EQ(jobs_.all(), std::vector<std::uint64_t>{3});
  EXPECT_EQ(jobs_.held(), 1U);
  EXPECT_EQ(jobs_.answered(), 1U) << "what is taken back is not answered";
  EXPECT_FALSE(jobs_.allSettled(0));
  jobs_.settle(*jobs_.find(3), InFlight::Held::answered);
  EXPECT_TRUE(jobs_.allSettled(0));
}

TEST_F(InFlightTest, KnowsTheOrderAlsoOfJobsThatAreAnswered) {
  send({1, 2});
  send({3});
  jobs_.settle(*jobs_.find(3), InFlight::Held::answered);
  EXPECT_TRUE(jobs_.sentAfter(*jobs_.find(1), 2));
  EXPECT_TRUE(jobs_.sentAfter(*jobs_.find(1), 3));
  EXPECT_FALSE(jobs_.sentAfter(*jobs_.find(2), 1));
  EXPECT_FALSE(jobs_.sentAfter(*jobs_.find(2), 2));
}

TEST_F(InFlightTest, TheFirstJobThatExpiresStaysTheOne) {
  send({1, 2});
  EXPECT_FALSE(jobs_.holdsExpired());
  EXPECT_FALSE(jobs_.expired(0));
  jobs_.expire(2);
  jobs_.expire(1);
  EXPECT_TRUE(jobs_.expired(2));
  EXPECT_FALSE(jobs_.expired(1));
  EXPECT_TRUE(jobs_.holdsExpired());
}

TEST_F(InFlightTest, AnUnknownTimeMakesTheWholeUnknown) {
  send({1}, microseconds(3));
  EXPECT_EQ(jobs_.expected(), microseconds(3));
  send({2}, Duration::max());
  EXPECT_EQ(jobs_.expected(), Duration::max());
}

}  // namespace
}  // namespace phial::detail
