// Time limits of the elements of a map. Nobody can choose one for a chunk that he does not see, so
// each is of one element.
#include <phial/worker.h>

#include <chrono>
#include <vector>

#include "map_jobs.h"
#include "pool_fixture.h"

namespace phial {
namespace {

using std::chrono::milliseconds;
using Step = map_jobs::Step;

// Ones work until they are asked to give up; others return at once.
int heedAtOne(int number) {
  while (number == 1 && !currentJob().cancelled()) {
  }
  return number;
}

// Ones work until they are ended.
int ignoreAtOne(int number) {
  while (number == 1 && getppid() > 0) {
  }
  return number;
}

using PoolMapTimeoutTest = PoolTest;

TEST_F(PoolMapTimeoutTest, AChunkMayTakeLongerThanTheTimeoutOfAnElement) {
  auto& pool = makePool({.max = 1});
  const std::vector<int> elements(70, 10);  // milliseconds
  const auto limited = pool.with({.timeout = milliseconds(500)}).with({.chunk = elements.size()});
  EXPECT_EQ(valueOf(limited.map<map_jobs::burn>(elements)).size(), elements.size());
  EXPECT_EQ(pool.stats().submitted, 1U);
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolMapTimeoutTest, ThePoolsOwnTimeoutIsOfAnElementToo) {
  auto& pool = makePool({.max = 1, .timeout = milliseconds(500)});
  const std::vector<int> elements(70, 10);
  EXPECT_EQ(valueOf(pool.with({.chunk = elements.size()}).map<map_jobs::burn>(elements)).size(),
            elements.size());
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolMapTimeoutTest, AnElementThatTakesLongerIsTheOneThatTimesOut) {
  auto& pool = makePool({.max = 1});
  std::vector<int> elements{0, 2, 1, 3};
  const auto limited = pool.with({.timeout = milliseconds(100)}).with({.chunk = 4});
  const Failure failure = failureOf(limited.map<ignoreAtOne>(elements));
  EXPECT_TRUE(failure.check<JobTimedOut>()) << failure.type();
  EXPECT_EQ(failure.index(), 2U);
  EXPECT_EQ(pool.stats().deaths, 1U);
}

TEST_F(PoolMapTimeoutTest, AnElementThatHeedsItsSoftTimeoutCostsNoOther) {
  auto& pool = makePool({.max = 1});
  const std::vector<int> elements{0, 1, 2, 1, 1, 3};
  const auto limited = pool.with({.softTimeout = milliseconds(50)}).with({.chunk = 6});
  EXPECT_EQ(valueOf(limited.map<heedAtOne>(elements)), elements);
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolMapTimeoutTest, AnElementThatDoesNotHeedItsSoftTimeoutIsTheOneThatFails) {
  auto& pool = makePool({.max = 1, .grace = milliseconds(50)});
  const std::vector<int> elements{0, 2, 3, 1, 4};
  const auto limited = pool.with({.softTimeout = milliseconds(50)}).with({.chunk = 5});
  const auto all = valueOf(limited.mapOutcomes<ignoreAtOne>(elements));
  for (const std::size_t well : {0U, 1U, 2U, 4U}) EXPECT_TRUE(all[well].ok()) << well;
  EXPECT_TRUE(all[3].failure().check<SoftTimeoutExceeded>()) << all[3].failure().type();
  EXPECT_EQ(pool.stats().deaths, 1U);
}

// The grace of an element that has given up must not end the worker in one of those behind it.
TEST_F(PoolMapTimeoutTest, TheGraceOfAnElementEndsWithIt) {
  auto& pool = makePool({.max = 1, .grace = milliseconds(250)});
  const std::vector<int> elements{1, 1, 1, 1};
  const auto limited = pool.with({.softTimeout = milliseconds(200)}).with({.chunk = 4});
  EXPECT_EQ(valueOf(limited.map<heedAtOne>(elements)), elements);
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolMapTimeoutTest, CancellingAMapReachesAnElementAfterASoftTimeout) {
  auto& pool = makePool({.max = 1});
  const std::string fifo = makeFifo("block");
  const auto limited = pool.with({.softTimeout = milliseconds(30)}).with({.chunk = 3});
  auto map = limited.map<heedAtOne>(std::vector<int>(100'000, 1));
  runUntil([&] { return pool.stats().running > 0; });
  runUntil([&, turns = 0]() mutable { return ++turns > 100; });
  map.cancel();
  EXPECT_TRUE(failureOf(std::move(map)).check<CancelledError>());
  runUntil([&] { return pool.workers().front().state == WorkerState::idle; });
  EXPECT_EQ(pool.stats().deaths, 0U);
}

}  // namespace
}  // namespace phial
