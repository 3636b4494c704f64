#include "master/worker/pipe_drain.h"

#include <gtest/gtest.h>

namespace phial::detail {
namespace {

using Sees = PipeDrain::Sees;
using std::chrono::milliseconds;

class PipeDrainTest : public testing::Test {
 protected:
  ~PipeDrainTest() noexcept override = default;

  ManualClock clock_;
  PipeDrain drain_{clock_};
};

TEST_F(PipeDrainTest, AnEmptyPipeEndsTheReading) { EXPECT_FALSE(drain_.next(Sees::nothing)); }

TEST_F(PipeDrainTest, AGrandchildThatGoesOnWritingIsNotHeardForLong) {
  EXPECT_EQ(drain_.next(Sees::more), Duration::zero());
  clock_.advance(PipeDrain::kLimit - milliseconds(1));
  EXPECT_EQ(drain_.next(Sees::more), Duration::zero());
  clock_.advance(milliseconds(1));
  EXPECT_FALSE(drain_.next(Sees::more));
}

TEST_F(PipeDrainTest, WhatIsBeingCopiedIsReadToItsEnd) {
  for (int i = 0; i < 10; ++i) {
    clock_.advance(PipeDrain::kLimit);
    EXPECT_EQ(drain_.next(Sees::copying), PipeDrain::kPause);
  }
  EXPECT_EQ(drain_.next(Sees::more), Duration::zero());
  clock_.advance(PipeDrain::kLimit);
  EXPECT_FALSE(drain_.next(Sees::more));
}

}  // namespace
}  // namespace phial::detail
