// A BlockingPool's calls over a range: map, mapOutcomes, forEach, forEachOutcome.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <latch>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/integration/bridge/bridge_fixture.h"

namespace phial {
namespace {

using ::testing::ElementsAre;
using Strings = std::vector<std::string>;

class BlockingRangeTest : public BridgeTest {};

TEST_F(BlockingRangeTest, AnEmptyRangeIsAnEmptyResult) {
  BlockingPool& pool = makePool();
  const std::vector<std::uint64_t> none;
  EXPECT_TRUE(pool.map<bridge_jobs::isPrime>(none).empty());
  EXPECT_TRUE(pool.mapOutcomes<bridge_jobs::isPrime>(none).empty());
  pool.forEach<bridge_jobs::isPrime>(none, [](std::size_t, bool) { ADD_FAILURE(); });
  EXPECT_EQ(pool.stats().submitted, 0U);
}

TEST_F(BlockingRangeTest, MapOutcomesGivesEachElementItsOwn) {
  BlockingPool& pool = makePool();
  const auto outcomes = pool.mapOutcomes<bridge_jobs::half>(std::vector<int>{4, 3, -1, 10});
  ASSERT_EQ(outcomes.size(), 4U);
  EXPECT_EQ(outcomes[0].value(), 2);
  EXPECT_TRUE(outcomes[1].failure().check<std::domain_error>());
  EXPECT_EQ(outcomes[2].failure().kind(), FailureKind::crashed);
  EXPECT_EQ(outcomes[3].value(), 5);
}

TEST_F(BlockingRangeTest, ForEachCallsInOrderOnItsOwnThread) {
  BlockingPool& pool = makePool();
  const auto here = std::this_thread::get_id();
  std::vector<std::pair<std::size_t, int>> seen;  // no lock: this thread's alone
  pool.forEach<bridge_jobs::half>(
      std::views::iota(0, 3000) | std::views::transform([](int n) { return 2 * n; }),
      [&](std::size_t index, int half) {
        EXPECT_EQ(std::this_thread::get_id(), here);
        seen.emplace_back(index, half);
      });
  ASSERT_EQ(seen.size(), 3000U);
  for (int i = 0; i < 3000; ++i) {
    ASSERT_EQ(seen[i], std::pair(static_cast<std::size_t>(i), i));
  }
}

TEST_F(BlockingRangeTest, ForEachOfAFunctionWithoutResultGivesTheIndex) {
  BlockingPool& pool = makePool();
  std::vector<std::size_t> seen;
  const std::vector<int> range{7, 8, 9};
  pool.forEach<bridge_jobs::ignore>(range, [&](std::size_t index) { seen.push_back(index); });
  EXPECT_THAT(seen, ElementsAre(0U, 1U, 2U));
}

TEST_F(BlockingRangeTest, ForEachDeliversWhatCameBeforeAFailureAndThrowsIt) {
  BlockingPool& pool = makePool();
  std::vector<int> seen;
  const auto each = [&](std::size_t, int half) { seen.push_back(half); };
  EXPECT_THROW(pool.with(MapOptions{.chunk = 1, .inFlight = 1})
                   .forEach<bridge_jobs::half>(std::vector<int>{2, 4, 6, 7, 8}, each),
               std::domain_error);
  EXPECT_THAT(seen, ElementsAre(1, 2, 3));
}

TEST_F(BlockingRangeTest, ForEachOutcomeGoesOnAfterADeath) {
  BlockingPool& pool = makePool();
  std::string seen;
  pool.forEachOutcome<bridge_jobs::half>(
      std::vector<int>{2, 3, -1, 8}, [&](std::size_t index, Outcome<int> outcome) {
        seen += std::to_string(index) + (outcome.ok() ? "+" : "-");
      });
  EXPECT_EQ(seen, "0+1-2-3+");
}

TEST_F(BlockingRangeTest, AThrowingCallbackGivesUpTheRestOfAnEndlessRange) {
  BlockingPool& pool = makePool();
  std::size_t calls = 0;
  EXPECT_THROW(pool.forEach<bridge_jobs::isPrime>(std::views::iota(std::uint64_t{0}),
                                                  [&](std::size_t index, bool) {
                                                    ++calls;
                                                    if (index == 1000) throw std::out_of_range("");
                                                  }),
               std::out_of_range);
  EXPECT_EQ(calls, 1001U);
  EXPECT_EQ(pool.call<bridge_jobs::add>(1, 2), 3);
}

TEST_F(BlockingRangeTest, TheCallbackMayCallThePool) {
  BlockingPool& pool = makePool();
  int sum = 0;
  pool.forEach<bridge_jobs::half>(std::vector<int>{2, 4, 6}, [&](std::size_t, int half) {
    sum = pool.call<bridge_jobs::add>(sum, half);
    pool.forEach<bridge_jobs::half>(std::vector<int>{20},
                                    [&](std::size_t, int inner) { sum += inner; });
  });
  EXPECT_EQ(sum, 36);
}

// Without a bound the workers would have done all the elements while the first call ran.
TEST_F(BlockingRangeTest, TheResultsDoNotRunAheadOfASlowCallback) {
  BlockingPool& pool = makePool();
  std::atomic<int> read = 0;
  int ahead = 0;
  const auto range = std::views::iota(0, 300) | std::views::transform([&](int n) {
                       ++read;
                       return 2 * n;
                     });
  pool.with(MapOptions{.chunk = 1, .inFlight = 2})
      .forEach<bridge_jobs::half>(range, [&](std::size_t, int half) {
        pool.call<bridge_jobs::add>(half, half);
        ahead = std::max(ahead, read - half);
      });
  EXPECT_EQ(read, 300);
  EXPECT_LE(ahead, 40);  // a batch here, one on the way, and eight chunks behind
}

TEST_F(BlockingRangeTest, EightThreadsGoThroughRangesAtOnce) {
  BlockingPool& pool = makePool();
  std::atomic<int> right = 0;
  std::latch begin(8);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        begin.arrive_and_wait();
        const auto range = std::views::iota(1000 * t, 1000 * (t + 1));
        int odd = 0;
        pool.forEachOutcome<bridge_jobs::half>(
            range, [&](std::size_t, const Outcome<int>& outcome) { odd += outcome.ok() ? 0 : 1; });
        int sum = 0;
        pool.forEach<bridge_jobs::add>(std::vector<std::pair<int, int>>(300, {t, 1}),
                                       [&](std::size_t, int each) { sum += each; });
        const auto outcomes = pool.mapOutcomes<bridge_jobs::half>(range);
        right += odd == 500 && sum == 300 * (t + 1) && outcomes.size() == 1000;
      });
    }
  }
  EXPECT_EQ(right, 8);
  EXPECT_TRUE(pool.stats().balanced());
}

TEST_F(BlockingRangeTest, TheDestructorEndsAForEachThatWaits) {
  BlockingPool& pool = makePool({.max = 1});
  const auto fifo = makeFifo("fifo");
  std::jthread thread([&] {
    const Strings range(10, fifo);  // borrowed by the call, to its end
    EXPECT_THROW(pool.forEach<bridge_jobs::waitFor>(range, [](std::size_t, const auto&) {}),
                 PoolStopped);
  });
  const int writer = awaitReader(fifo);
  pool_.reset();
  thread.join();
  ::close(writer);
}

TEST_F(BlockingRangeTest, TheDestructorMayComeInsideACallback) {
  BlockingPool& pool = makePool();
  EXPECT_THROW(pool.forEach<bridge_jobs::isPrime>(std::views::iota(std::uint64_t{0}),
                                                  [&](std::size_t, bool) { pool_.reset(); }),
               PoolStopped);
}

TEST_F(BlockingRangeTest, AHandleThatOutlivesItsPoolSaysSo) {
  const BlockingSubmitter jobs = makePool().with({.label = "late"});
  pool_.reset();
  const std::vector<int> range{2};
  EXPECT_THROW(jobs.mapOutcomes<bridge_jobs::half>(range), PoolStopped);
  EXPECT_THROW(jobs.forEach<bridge_jobs::half>(range, [](std::size_t, int) {}), PoolStopped);
}

}  // namespace
}  // namespace phial
