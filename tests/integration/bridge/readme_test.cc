// The programs of README.md, "Programs without a loop", as functions.
#include <gtest/gtest.h>
#include <phial/master.h>
#include <phial/worker.h>

#include "jobs.h"

namespace {

using bridge_jobs::isPrime;

bool threeLines() {
  phial::BlockingPool pool({.max = 4});
  const bool prime = pool.call<isPrime>(2147483647U);
  return prime;
}

std::ptrdiff_t eightThreads() {
  std::atomic<std::ptrdiff_t> all = 0;
  phial::BlockingPool pool;
  std::vector<std::jthread> threads;
  for (std::uint64_t t = 0; t < 8; ++t) {
    threads.emplace_back([&pool, &all, t] {
      const auto prime = pool.map<isPrime>(std::views::iota(10'000 * t, 10'000 * (t + 1)));
      all += std::ranges::count(prime, true);
    });
  }
  threads.clear();
  return all;
}

TEST(ProgramWithoutALoopTest, CallsAFunctionInThreeLines) { EXPECT_TRUE(threeLines()); }

TEST(ProgramWithoutALoopTest, SharesAPoolBetweenEightThreads) { EXPECT_EQ(eightThreads(), 7837); }

}  // namespace
