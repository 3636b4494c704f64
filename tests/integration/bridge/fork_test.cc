// Threads stay in the process before a fork: what the copies in the child do. Each child counts
// what went as it should, and exits with the count.
#include <functional>
#include <memory>
#include <string>

#include "tests/integration/bridge/bridge_fixture.h"

namespace phial {
namespace {

class BridgeForkTest : public BridgeTest {
 protected:
  /// The exit status of a child that calls `f`.
  static int statusOf(const std::function<int()>& f) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(f());
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  /// 1 when `call` throws an E.
  template <class E, class F>
  static int throws(F call) {
    try {
      call();
      return 0;
    } catch (const E&) {
      return 1;
    }
  }
};

TEST_F(BridgeForkTest, EveryCallOfABlockingPoolFailsInTheChild) {
  BlockingPool& pool = makePool();
  EXPECT_EQ(pool.call<bridge_jobs::add>(1, 2), 3);
  EXPECT_EQ(statusOf([&] {
              const int failed =
                  throws<PoolStopped>([&] { pool.call<bridge_jobs::doNothing>(); }) +
                  throws<PoolStopped>([&] { pool.submit<bridge_jobs::doNothing>().get(); }) +
                  throws<PoolStopped>([&] { pool.stop(); });
              pool_.reset();
              return failed;
            }),
            3);
  EXPECT_EQ(pool.call<bridge_jobs::add>(3, 4), 7);
}

TEST_F(BridgeForkTest, AReactorThreadIsOutOfReachOfTheChild) {
  auto loop = std::make_unique<ReactorThread>();
  EXPECT_EQ(statusOf([&] {
              const int failed =
                  throws<ReactorStopped>([&] { loop->waitFor(Duration::max(), [] {}); }) +
                  throws<ReactorStopped>([&] { loop->runInReactor([] { return 1; }).wait(); });
              loop->stop();
              loop.reset();
              return failed;
            }),
            2);
  EXPECT_EQ(loop->waitFor(Duration::max(), [] { return 1; }), 1);
}

TEST_F(BridgeForkTest, AThreadPoolTakesNothingInTheChild) {
  auto pool = std::make_unique<ThreadPool>(ThreadPoolOptions{.min = 1});
  pool->start();
  EXPECT_EQ(statusOf([&] {
              const int failed = throws<PoolStopped>([&] { pool->callInThread([] {}); }) +
                                 throws<PoolStopped>([&] { pool->start(); });
              pool->stop();
              pool.reset();
              return failed;
            }),
            2);
  EXPECT_EQ(pool->threads(), 1U);
}

}  // namespace
}  // namespace phial
