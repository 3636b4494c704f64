// Trees of jobs.
#include "nested_fixture.h"

namespace phial {
namespace {

using TreeTest = NestedTest;

TEST_F(TreeTest, ABinaryTreeOfDepth10RunsOnAPoolOfOne) {
  auto& pool = makePool({.min = 1, .max = 1});
  const auto count = std::make_shared<ProcessCount>();
  const auto observation = pool.observe(count);
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::nodes>(10)), (std::uint64_t{1} << 11) - 1);
  EXPECT_LE(count->most, 12U);
  EXPECT_EQ(pool.stats().succeeded, (std::uint64_t{1} << 11) - 1);
}

TEST_F(TreeTest, SoDoesOneThatWalksItsBranchesInTurn) {
  auto& pool = makePool({.min = 1, .max = 1});
  const auto count = std::make_shared<ProcessCount>();
  const auto observation = pool.observe(count);
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::nodesInTurn>(7)), (std::uint64_t{1} << 8) - 1);
  EXPECT_LE(count->most, 9U);
}

TEST_F(TreeTest, AWiderPoolRunsManyTreesAtOnce) {
  auto& pool = makePool({.min = 1, .max = 3});
  const auto count = std::make_shared<ProcessCount>();
  const auto observation = pool.observe(count);
  std::vector<Deferred<std::uint64_t>> trees;
  for (int i = 0; i < 6; ++i) trees.push_back(pool.deferToProcess<nested::nodes>(4));
  for (const auto each : valueOf(gatherResults(std::move(trees)))) EXPECT_EQ(each, 31U);
  EXPECT_LE(count->most, 3U * 5U + 1U);
}

TEST_F(TreeTest, TheWorkersThatAreLeftOverAreStoppedAfterMaxIdle) {
  auto& pool = makePool({.min = 1, .max = 1, .maxIdle = std::chrono::seconds(5)}, &clock_);
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::nodes>(3)), 15U);
  EXPECT_GT(pool.stats().workers, 1U);
  clock_.advance(std::chrono::seconds(6));
  runUntil([&] { return pool.stats().workers == 1; });
}

TEST_F(TreeTest, AtMostMaxJobsRunThatDoNotWait) {
  auto& pool = makePool({.min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::nodes>(3)), 15U);
  // Idle workers are left; they are no reason to run two jobs at a time.
  const auto first = makeFifo("first");
  auto busy = pool.deferToProcess<nested::waitForEndOf>(first);
  auto second = pool.deferToProcess<nested::twice>(2);
  passTurns();
  EXPECT_EQ(pool.stats().busy, 1U);
  EXPECT_EQ(pool.stats().queued, 1U);
  letGo(first);
  valueOf(std::move(busy));
  EXPECT_EQ(valueOf(std::move(second)), 4);
}

TEST_F(TreeTest, ARecursionWithoutEndFailsWithATypedError) {
  auto& pool = makePool({.min = 1, .max = 1, .maxWaiting = 5});
  EXPECT_THAT(failureOf(pool.deferToProcess<nested::withoutEnd>(0U)).message(),
              ::testing::HasSubstr("PoolOptions::maxWaiting"));
  EXPECT_LE(pool.stats().workers, 7U);
  EXPECT_THAT(valueOf(pool.deferToProcess<nested::callsTooDeep>()),
              ::testing::HasSubstr("maxWaiting"));
}

TEST_F(TreeTest, WithoutPlacesToLendEachWaitFails) {
  auto& pool = makePool({.min = 1, .max = 2, .maxWaiting = 0});
  EXPECT_TRUE(failureOf(pool.deferToProcess<nested::callsTwice>(1)).check("phial::TooManyWaiting"));
}

}  // namespace
}  // namespace phial
