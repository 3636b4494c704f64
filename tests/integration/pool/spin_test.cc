// Busy polling instead of sleeping, for a short while.
#include <sys/resource.h>

#include "pool_fixture.h"

namespace phial {
namespace {

using std::chrono::milliseconds;

class PoolSpinTest : public PoolTest {
 protected:
  static Duration processorTime() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto of = [](const timeval& time) {
      return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
  }
  void pass(Duration time) {
    valueOf(deferLater(*reactor_, time, [] {}));
  }
};

TEST_F(PoolSpinTest, JobsRunOneAtATimeAndTogether) {
  auto& pool = makePool({.max = 2, .spin = milliseconds(1)});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(i, 1)), i + 1);
  std::vector<Deferred<int>> all;
  for (int i = 0; i < 1000; ++i) all.push_back(pool.deferToProcess<jobs::add>(i, 2));
  const auto sums = valueOf(gatherResults(std::move(all)));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(sums[static_cast<std::size_t>(i)], i + 2);
}

TEST_F(PoolSpinTest, NobodyPollsWhileThereIsNothingToWaitFor) {
  auto& pool = makePool({.min = 1, .max = 1, .spin = std::chrono::hours(1)});
  valueOf(pool.start());
  const auto before = processorTime();
  pass(milliseconds(500));
  EXPECT_LT(processorTime() - before, milliseconds(250));
}

TEST_F(PoolSpinTest, WhatTakesLongIsNotPolledForToItsEnd) {
  auto& pool = makePool({.min = 1, .max = 1, .spin = milliseconds(5)});
  const std::string path = makeFifo("go");
  auto job = pool.deferToProcess<jobs::waitFor>(path);
  runUntil([&] { return pool.stats().running == 1; });
  const auto before = processorTime();
  pass(milliseconds(500));
  EXPECT_LT(processorTime() - before, milliseconds(250));
  letGo(path);
  valueOf(std::move(job));
}

TEST_F(PoolSpinTest, StopsInTheMiddleOfIt) {
  auto& pool = makePool({.min = 1, .max = 1, .spin = std::chrono::hours(1)});
  valueOf(pool.start());
  auto job = pool.deferToProcess<jobs::compute>();
  runUntil([&] { return pool.stats().running == 1; });
  valueOf(pool.stop({.within = Duration::zero()}));
  EXPECT_TRUE(failureOf(std::move(job)).check<PoolStopped>());
}

}  // namespace
}  // namespace phial
