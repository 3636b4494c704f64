#include <atomic>
#include <future>
#include <latch>
#include <list>
#include <memory>
#include <numeric>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/integration/bridge/bridge_fixture.h"

namespace phial {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BlockingPoolTest : public BridgeTest {};

TEST_F(BlockingPoolTest, ReturnsWhatTheFunctionReturns) {
  BlockingPool& pool = makePool();
  EXPECT_EQ(pool.call<bridge_jobs::add>(3, 4), 7);
  pool.call<bridge_jobs::doNothing>();
  EXPECT_EQ(pool.stats().succeeded, 2U);
}

TEST_F(BlockingPoolTest, ThrowsWhatTheFunctionThrows) {
  BlockingPool& pool = makePool();
  try {
    pool.call<bridge_jobs::throwRange>("beyond");
    ADD_FAILURE() << "it returned";
  } catch (const std::range_error& error) {
    EXPECT_STREQ(error.what(), "beyond");
  }
}

TEST_F(BlockingPoolTest, ThrowsWorkerDiedAndGoesOn) {
  BlockingPool& pool = makePool();
  EXPECT_THROW(pool.call<bridge_jobs::die>(), WorkerDied);
  EXPECT_EQ(pool.call<bridge_jobs::add>(1, 1), 2);
}

TEST_F(BlockingPoolTest, AnIntegerThatDoesNotFitIsAnEncodingErrorThatNamesIt) {
  BlockingPool& pool = makePool();
  try {
    pool.call<bridge_jobs::add>(1, std::int64_t{1} << 40);
    ADD_FAILURE() << "it returned";
  } catch (const EncodingError& error) {
    EXPECT_THAT(error.what(), HasSubstr("1099511627776"));
  }
}

TEST_F(BlockingPoolTest, TextAndSpansAreTheCallsOwnBeforeSubmitReturns) {
  BlockingPool& pool = makePool();
  std::future<std::string> text;
  std::future<std::int64_t> sum;
  {
    std::string lent = "a text that is too long for the place inside of a string";
    std::vector<std::int64_t> numbers(100'000, 1);
    text = pool.submit<bridge_jobs::repeat>(std::string_view(lent), 2);
    sum = pool.submit<bridge_jobs::total>(std::span<const std::int64_t>(numbers));
    lent.assign(lent.size(), '-');
    std::ranges::fill(numbers, 0);
  }
  EXPECT_EQ(text.get(),
            "a text that is too long for the place inside of a string"
            "a text that is too long for the place inside of a string");
  EXPECT_EQ(sum.get(), 100'000);
}

TEST_F(BlockingPoolTest, WhatIsGivenAwayIsMovedAndWhatIsSharedIsShared) {
  BlockingPool& pool = makePool();
  std::vector<std::int64_t> numbers(1000, 2);
  EXPECT_EQ(pool.call<bridge_jobs::total>(numbers), 2000);
  EXPECT_EQ(numbers.size(), 1000U);
  EXPECT_EQ(pool.call<bridge_jobs::total>(std::move(numbers)), 2000);
  const auto lines = std::make_shared<const std::vector<std::string>>(10, "four");
  EXPECT_EQ(pool.call<bridge_jobs::lengthOf>(lines), 40U);
  EXPECT_EQ(pool.call<bridge_jobs::lengthOf>(*lines), 40U);
}

TEST_F(BlockingPoolTest, MapsARangeInItsOrder) {
  BlockingPool& pool = makePool();
  EXPECT_THAT(pool.map<bridge_jobs::isPrime>(std::views::iota(1U, 8U)),
              ElementsAre(false, true, true, false, true, false, true));
  const std::list<std::uint64_t> kept{4, 5};
  EXPECT_THAT(pool.map<bridge_jobs::isPrime>(kept), ElementsAre(false, true));
  EXPECT_THAT(pool.map<bridge_jobs::add>(std::vector<std::pair<int, int>>{{1, 2}, {3, 4}}),
              ElementsAre(3, 7));
}

TEST_F(BlockingPoolTest, MapThrowsTheFirstFailure) {
  BlockingPool& pool = makePool();
  const std::vector<std::string> messages{"this"};
  EXPECT_THROW(pool.map<bridge_jobs::throwRange>(messages), std::range_error);
}

TEST_F(BlockingPoolTest, AFutureHasTheResultOrTheException) {
  BlockingPool& pool = makePool();
  auto sum = pool.submit<bridge_jobs::add>(20, 22);
  auto nothing = pool.submit<bridge_jobs::doNothing>();
  auto failure = pool.submit<bridge_jobs::throwRange>("later");
  EXPECT_EQ(sum.get(), 42);
  nothing.get();
  EXPECT_THROW(failure.get(), std::range_error);
}

TEST_F(BlockingPoolTest, WithAddsOptionsToTheCalls) {
  BlockingPool& pool = makePool();
  const BlockingSubmitter named = pool.with({.label = "nightly"});
  EXPECT_EQ(named.call<bridge_jobs::label>(), "nightly");
  EXPECT_EQ(named.with({.label = "daily"}).call<bridge_jobs::label>(), "daily");
  EXPECT_EQ(named.submit<bridge_jobs::label>().get(), "nightly");
  EXPECT_EQ(pool.call<bridge_jobs::label>(), "");
  const auto fifo = makeFifo("never");
  EXPECT_THROW(pool.with({.timeout = 20ms}).call<bridge_jobs::waitFor>(fifo), JobTimedOut);
}

TEST_F(BlockingPoolTest, SeveralThreadsCallAtOnce) {
  BlockingPool& pool = makePool();
  constexpr int kThreads = 8;
  constexpr int kCalls = 200;
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kCalls; ++i) {
          if (pool.call<bridge_jobs::add>(1000 * t, i) != 1000 * t + i) ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
  const PoolStats stats = pool.stats();
  EXPECT_TRUE(stats.balanced());
  EXPECT_EQ(stats.succeeded, static_cast<std::uint64_t>(kThreads * kCalls));
}

TEST_F(BlockingPoolTest, StartWaitsForTheWorkers) {
  BlockingPool& pool = makePool({.min = 2, .max = 2});
  pool.start();
  EXPECT_EQ(pool.stats().idle, 2U);
}

TEST_F(BlockingPoolTest, AnOptionOutOfRangeIsThrownByTheConstructor) {
  EXPECT_THROW(makePool({.min = 3, .max = 2}), std::invalid_argument);
}

TEST_F(BlockingPoolTest, InACallbackOfItsLoopWaitingIsRefused) {
  std::promise<std::string> refusal;
  std::atomic<bool> asked = false;
  makePool({.max = 1, .onLog = [&](const LogRecord&) {
              if (asked.exchange(true)) return;
              try {
                pool_->call<bridge_jobs::add>(1, 2);
                refusal.set_value("it was not refused");
              } catch (const std::logic_error& error) {
                refusal.set_value(error.what());
              }
            }});
  EXPECT_THROW(pool_->call<bridge_jobs::die>(), WorkerDied);  // which the log hears of
  EXPECT_THAT(refusal.get_future().get(), HasSubstr("BlockingPool::call"));
  pool_.reset();  // its log has what is above
}

}  // namespace
}  // namespace phial
