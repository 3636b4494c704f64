// Pools that jobs make.
#include "nested_fixture.h"

namespace phial {
namespace {

using InnerPoolTest = NestedTest;

TEST_F(InnerPoolTest, AJobMakesAPoolOnItsOwnThread) {
  auto& pool = makePool({.min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::poolOnItsThread>(4)), 8);
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::poolOnItsThread>(5)), 10);
  EXPECT_EQ(pool.stats().deaths, 0U);
  EXPECT_EQ(pool.stats().spawned, 1U);
}

TEST_F(InnerPoolTest, AJobMakesAPoolOnAThreadOfItsOwn) {
  auto& pool = makePool({.min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::poolOnAnotherThread>(4)), 8);
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::poolOnAnotherThread>(5)), 10);
  EXPECT_EQ(pool.stats().spawned, 1U);
}

TEST_F(InnerPoolTest, AfterwardsTheJobCallsTheOuterPool) {
  auto& pool = makePool({.min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::poolThenCall>(3)), 12);
}

TEST_F(InnerPoolTest, InsideItsLoopAJobCannotWait) {
  auto& pool = makePool({.min = 1, .max = 1});
  EXPECT_THAT(valueOf(pool.deferToProcess<nested::waitsInsideLoop>()),
              ::testing::StartsWith("logic_error"));
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::callsTwice>(4)), 8);
}

}  // namespace
}  // namespace phial
