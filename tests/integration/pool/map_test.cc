// What a map gives when nothing goes wrong, and how it goes about it.
#include <array>
#include <fstream>
#include <list>
#include <map>
#include <numeric>
#include <ranges>
#include <sstream>
#include <tuple>

#include "map_jobs.h"
#include "pool_fixture.h"

namespace phial {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

class PoolMapTest : public PoolTest {
 protected:
  static std::vector<int> numbers(int count) {
    std::vector<int> all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
  static std::vector<int> doubled(std::vector<int> all) {
    for (int& n : all) n *= 2;
    return all;
  }
};

TEST_F(PoolMapTest, ResultsComeInTheOrderOfTheRange) {
  auto& pool = makePool({.min = 2, .max = 2});
  EXPECT_EQ(valueOf(pool.map<map_jobs::twice>(numbers(1000))), doubled(numbers(1000)));
}

TEST_F(PoolMapTest, AnEmptyRangeIsDoneAtOnceAndSubmitsNothing) {
  auto& pool = makePool();
  EXPECT_TRUE(valueOf(pool.map<map_jobs::twice>(std::vector<int>())).empty());
  EXPECT_TRUE(valueOf(pool.mapOutcomes<map_jobs::twice>(std::views::empty<int>)).empty());
  valueOf(pool.forEach<map_jobs::twice>(std::vector<int>(), [](std::size_t, int) { FAIL(); }));
  EXPECT_EQ(pool.stats().submitted, 0U);
}

TEST_F(PoolMapTest, TakesWhateverTheFunctionTakes) {
  auto& pool = makePool();
  const std::list<std::string> words = {"a", "bc"};
  EXPECT_THAT(valueOf(pool.map<map_jobs::shout>(words)), ElementsAre("a!", "bc!"));
  EXPECT_THAT(valueOf(pool.map<map_jobs::lengthOf>(words)), ElementsAre(1U, 2U));
  const char* const literals[] = {"x", "yz"};
  EXPECT_THAT(valueOf(pool.map<map_jobs::shout>(literals)), ElementsAre("x!", "yz!"));
  EXPECT_THAT(valueOf(pool.map<map_jobs::twice>(std::initializer_list<int>{1, 2})),
              ElementsAre(2, 4));
  const std::vector<std::vector<int>> lists = {{1, 2}, {}, {3}};
  EXPECT_THAT(valueOf(pool.map<map_jobs::total>(lists)), ElementsAre(3, 0, 3));
  EXPECT_THAT(valueOf(pool.map<map_jobs::isEven>(std::views::iota(0, 3))),
              ElementsAre(true, false, true));
  EXPECT_THAT(
      valueOf(pool.with({.chunk = 2}).map<map_jobs::negate>(std::vector{true, false, true})),
      ElementsAre(false, true, false));
}

TEST_F(PoolMapTest, AFunctionOfSeveralParametersTakesTuples) {
  auto& pool = makePool();
  const std::vector<std::tuple<int, int>> pairs = {{2, 3}, {4, 5}};
  EXPECT_THAT(valueOf(pool.map<map_jobs::multiply>(pairs)), ElementsAre(6, 20));
  EXPECT_THAT(valueOf(pool.map<map_jobs::multiply>(std::map<int, int>{{2, 7}})), ElementsAre(14));
}

TEST_F(PoolMapTest, AFunctionWithoutResultGivesADeferredOfNothing) {
  auto& pool = makePool({.max = 1});
  const std::string path = directory_ + "/visits";
  const auto visits = std::views::iota(0, 5) |
                      std::views::transform([&](int n) { return map_jobs::Visit{path, n}; });
  Deferred<void> done = pool.map<map_jobs::note>(visits);
  valueOf(std::move(done));
  std::ifstream file(path);
  EXPECT_THAT(std::vector<int>(std::istream_iterator<int>(file), {}), ElementsAre(0, 1, 2, 3, 4));
  std::vector<std::size_t> told;
  valueOf(pool.forEach<map_jobs::note>(visits, [&](std::size_t i) { told.push_back(i); }));
  EXPECT_THAT(told, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(PoolMapTest, AnLvalueIsCopiedAndMayGo) {
  auto& pool = makePool({.max = 1});
  auto range = std::make_unique<std::vector<int>>(numbers(300));
  auto results = pool.with({.chunk = 1}).map<map_jobs::twice>(*range);
  range.reset();
  EXPECT_EQ(valueOf(std::move(results)), doubled(numbers(300)));
}

TEST_F(PoolMapTest, AMovedInputRangeIsRead) {
  auto& pool = makePool();
  std::istringstream text("1 2 3 4");
  EXPECT_THAT(valueOf(pool.map<map_jobs::twice>(std::ranges::istream_view<int>(text))),
              ElementsAre(2, 4, 6, 8));
}

TEST_F(PoolMapTest, ChunksGrowWithShortElements) {
  auto& pool = makePool({.min = 2, .max = 2});
  constexpr int kCount = 1'000'000;
  EXPECT_EQ(valueOf(pool.map<map_jobs::twice>(std::views::iota(0, kCount))),
            doubled(numbers(kCount)));
  EXPECT_GT(pool.stats().submitted, 4U);
  EXPECT_LT(pool.stats().submitted, 20'000U);
}

TEST_F(PoolMapTest, LongElementsTravelAlone) {
  auto& pool = makePool({.min = 2, .max = 2});
  valueOf(pool.map<map_jobs::burn>(std::vector<int>(8, 25)));
  EXPECT_EQ(pool.stats().submitted, 8U);
}

TEST_F(PoolMapTest, AFixedChunkIsKeptTo) {
  auto& pool = makePool({.max = 2});
  EXPECT_EQ(valueOf(pool.with({.chunk = 7}).map<map_jobs::twice>(numbers(100))),
            doubled(numbers(100)));
  EXPECT_EQ(pool.stats().submitted, 15U);
}

TEST_F(PoolMapTest, ChunksAreCarriedByJobOptions) {
  auto& pool = makePool();
  EXPECT_THAT(valueOf(pool.with({.job = {.label = "north"}}).map<map_jobs::label>(numbers(2))),
              ElementsAre("north", "north"));
}

// A range that looks at the pool at each element it gives.
TEST_F(PoolMapTest, NeitherTheQueueNorMemoryGrowsWithTheRange) {
  auto& pool = makePool({.min = 2, .max = 2});
  std::uint64_t mostOpen = 0;
  int read = 0;
  int answered = 0;
  int mostAhead = 0;
  auto watched = std::views::iota(0, 3000) | std::views::transform([&](int n) {
                   const auto stats = pool.stats();
                   mostOpen = std::max(mostOpen, stats.queued + stats.running);
                   mostAhead = std::max(mostAhead, ++read - answered);
                   return n;
                 });
  valueOf(pool.with({.chunk = 5}).forEach<map_jobs::twice>(watched, [&](std::size_t, int) {
    ++answered;
  }));
  EXPECT_EQ(answered, 3000);
  EXPECT_LE(mostOpen, 4U);
  EXPECT_LE(mostAhead, 4 * 4 * 5 + 5);
}

TEST_F(PoolMapTest, InFlightIsKeptTo) {
  auto& pool = makePool({.min = 2, .max = 2});
  std::uint64_t mostOpen = 0;
  auto watched = std::views::iota(0, 100) | std::views::transform([&](int n) {
                   mostOpen = std::max(mostOpen, pool.stats().queued + pool.stats().running);
                   return n;
                 });
  valueOf(pool.with({.chunk = 1, .inFlight = 1}).map<map_jobs::twice>(watched));
  EXPECT_EQ(mostOpen, 0U);
}

TEST_F(PoolMapTest, AFullQueueIsWaitedFor) {
  auto& pool = makePool({.max = 1, .maxQueue = 1});
  const std::string block = makeFifo("block");
  auto held = pool.deferToProcess<jobs::waitFor>(block);
  runUntil([&] { return pool.stats().running == 1; });
  auto inTheWay = pool.deferToProcess<jobs::add>(1, 1);
  auto results = pool.with({.chunk = 10}).map<map_jobs::twice>(numbers(100));
  EXPECT_FALSE(results.called());
  letGo(block);
  EXPECT_EQ(valueOf(std::move(results)), doubled(numbers(100)));
  EXPECT_EQ(valueOf(std::move(inTheWay)), 2);
  valueOf(std::move(held));
}

TEST_F(PoolMapTest, ForEachTellsInOrderWithOrWithoutTheIndex) {
  auto& pool = makePool({.min = 2, .max = 2});
  std::vector<int> results;
  valueOf(
      pool.with({.chunk = 3}).forEach<map_jobs::twice>(numbers(500), [&](std::size_t, int result) {
        results.push_back(result);
      }));
  EXPECT_EQ(results, doubled(numbers(500)));
  std::vector<std::size_t> indices;
  valueOf(pool.with({.chunk = 3}).forEach<map_jobs::twice>(numbers(5), [&](std::size_t index, int) {
    indices.push_back(index);
  }));
  EXPECT_THAT(indices, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(PoolMapTest, ForEachWaitsForTheDeferredOfItsCallback) {
  auto& pool = makePool({.min = 2, .max = 2});
  int open = 0;
  int mostOpen = 0;
  int told = 0;
  valueOf(pool.with({.chunk = 4}).forEach<map_jobs::twice>(numbers(40), [&](std::size_t, int) {
    mostOpen = std::max(mostOpen, ++open);
    return deferLater(*reactor_, Duration::zero(), [&] {
      --open;
      ++told;
    });
  }));
  EXPECT_EQ(told, 40);
  EXPECT_EQ(mostOpen, 1);
}

// The consumer holds the first result back: chunks pile up to the window and no further.
TEST_F(PoolMapTest, ASlowConsumerStopsTheReading) {
  auto& pool = makePool({.min = 2, .max = 2});
  auto gate = newDeferred<void>();
  std::optional<Deferred<void>> held = std::move(gate.deferred);
  int read = 0;
  auto watched =
      std::views::iota(0, 1000) | std::views::transform([&](int n) { return ++read, n; });
  int told = 0;
  auto done = pool.with({.chunk = 1})
                  .forEach<map_jobs::twice>(watched, [&](std::size_t, int) -> Deferred<void> {
                    ++told;
                    if (!held) return succeed();
                    return std::move(*std::exchange(held, std::nullopt));
                  });
  runUntil([&] { return told == 1 && pool.stats().queued + pool.stats().running == 0; });
  EXPECT_LE(read, 1 + 4 * 4);
  EXPECT_GE(read, 4 * 4);
  gate.resolver.callback();
  valueOf(std::move(done));
  EXPECT_EQ(told, 1000);
}

TEST_F(PoolMapTest, OneSlowElementDoesNotHoldUpTheOthersOfAMap) {
  auto& pool = makePool({.min = 2, .max = 2});
  const std::string block = makeFifo("block");
  std::vector<map_jobs::Step> steps(500);
  steps[0] = {0, map_jobs::Step::What::block, block};
  auto results = pool.map<map_jobs::walk>(steps);
  runUntil([&] { return pool.stats().running == 1 && pool.stats().queued == 0; });
  EXPECT_FALSE(results.called());
  letGo(block);
  EXPECT_EQ(valueOf(std::move(results)).size(), 500U);
}

TEST_F(PoolMapTest, ALongCallbackLetsTheLoopHaveItsTurns) {
  auto& pool = makePool({.max = 1});
  int told = 0;
  int toldAtTurn = -1;
  constexpr int kCount = 200;
  auto done =
      pool.with({.chunk = kCount}).forEach<map_jobs::twice>(numbers(kCount), [&](std::size_t, int) {
        if (told++ == 0) reactor_->callLater(Duration::zero(), [&] { toldAtTurn = told; });
        map_jobs::burn(1);
      });
  valueOf(std::move(done));
  EXPECT_EQ(told, kCount);
  EXPECT_LT(toldAtTurn, kCount / 2);
  EXPECT_GT(toldAtTurn, 0);
}

TEST_F(PoolMapTest, LargeResultsTravelInSmallChunks) {
  auto& pool = makePool({.max = 1, .maxMessageBytes = 4 << 20});
  // Two hundred times 200 kB, in no time: by time alone they would share a message.
  const auto texts = valueOf(pool.map<map_jobs::makeText>(std::vector<std::size_t>(200, 200'000)));
  EXPECT_EQ(texts.size(), 200U);
  EXPECT_EQ(pool.stats().failed, 0U);
}

}  // namespace
}  // namespace phial
