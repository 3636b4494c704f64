// Reactors on two threads, each with a pool of its own: nothing is shared between them.
#include <array>
#include <atomic>
#include <cstdint>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "tests/integration/bridge/bridge_fixture.h"

namespace phial {
namespace {

class TwoReactorsTest : public BridgeTest {
 protected:
  static PoolOptions quietPool() {
    return {.max = 2, .onLog = [](const LogRecord&) {}};
  }
};

/// What one thread does: jobs, a range, a death, a thread, the end.
Deferred<int> programOfOneThread(Reactor& reactor, int base, int& total) {
  ProcessPool pool(reactor, {.max = 2, .onLog = [](const LogRecord&) {}});
  for (int i = 0; i < 50; ++i) total += co_await pool.deferToProcess<bridge_jobs::add>(base, i);
  std::vector<int> range(500, 2 * base);
  const auto halves = co_await pool.map<bridge_jobs::half>(std::move(range));
  for (const int each : halves) total += each;
  const auto death = co_await pool.deferToProcess<bridge_jobs::die>().outcome();
  if (!death.ok() && death.failure().check<WorkerDied>()) total += 1;
  total += co_await deferToThread(reactor, [] { return 1; });
  co_await pool.stop();
  co_return 0;
}

TEST_F(TwoReactorsTest, EachThreadHasALoopAndAPool) {
  std::array<int, 2> totals{};
  std::array<int, 2> ends{-1, -1};
  std::latch begin(2);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&, t] {
        Reactor reactor;
        begin.arrive_and_wait();
        ends[t] = react(reactor, "two", programOfOneThread(reactor, 10 * (t + 1), totals[t]));
      });
    }
  }
  EXPECT_THAT(ends, ::testing::ElementsAre(0, 0));
  EXPECT_EQ(totals[0], 50 * 10 + 49 * 25 + 500 * 10 + 2);
  EXPECT_EQ(totals[1], 50 * 20 + 49 * 25 + 500 * 20 + 2);
}

TEST_F(TwoReactorsTest, TwoReactorThreadsAreAskedByMany) {
  ReactorThread one;
  ReactorThread two;
  auto& first = one.own<ProcessPool>(quietPool());
  auto& second = two.own<ProcessPool>(quietPool());
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 50; ++i) {
          auto here =
              one.runInReactor([&, i] { return first.deferToProcess<bridge_jobs::add>(t, i); });
          auto there =
              two.runInReactor([&, i] { return second.deferToProcess<bridge_jobs::add>(t, i); });
          right += here.wait() == t + i && there.wait() == t + i;
        }
      });
    }
  }
  EXPECT_EQ(right, 200);
}

// The result of one loop is the argument of the other's job.
TEST_F(TwoReactorsTest, OneLoopHandsItsResultsToTheOther) {
  ReactorThread one;
  ReactorThread two;
  auto& first = one.own<ProcessPool>(quietPool());
  auto& second = two.own<ProcessPool>(quietPool());
  std::atomic<int> sum = 0;
  std::latch done(100);
  for (int i = 0; i < 100; ++i) {
    one.reactor().callFromThread([&, i] {
      first.deferToProcess<bridge_jobs::add>(i, 0).addCallback([&](int n) {
        two.reactor().callFromThread([&, n] {
          second.deferToProcess<bridge_jobs::add>(n, 1).addBoth([&](const Outcome<int>& outcome) {
            if (outcome.ok()) sum += outcome.value();
            done.count_down();
          });
        });
      });
    });
  }
  done.wait();
  EXPECT_EQ(sum, 50 * 99 + 100);
}

}  // namespace
}  // namespace phial
