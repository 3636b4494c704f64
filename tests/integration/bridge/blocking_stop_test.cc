// How a BlockingPool ends while threads use it.
#include <atomic>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/integration/bridge/bridge_fixture.h"

namespace phial {
namespace {

using namespace std::chrono_literals;

class BlockingStopTest : public BridgeTest {};

TEST_F(BlockingStopTest, StopWaitsForRunningJobsAndFailsQueuedOnes) {
  BlockingPool& pool = makePool({.max = 1});
  const auto fifo = makeFifo("fifo");
  auto running = pool.submit<bridge_jobs::waitFor>(fifo);
  const int writer = awaitReader(fifo);
  auto queued = pool.submit<bridge_jobs::waitFor>(fifo);
  std::jthread stopper([&] { pool.stop(); });
  EXPECT_THROW(queued.get(), PoolStopped);  // the stop has begun, and waits
  ::close(writer);
  stopper.join();
  EXPECT_EQ(running.get(), "");
  EXPECT_THROW(pool.call<bridge_jobs::doNothing>(), PoolStopped);
  EXPECT_THROW(pool.submit<bridge_jobs::doNothing>().get(), PoolStopped);
  pool.stop();
  EXPECT_EQ(pool.stats().workers, 0U);
}

TEST_F(BlockingStopTest, TheDestructorEndsTheCallsOfOtherThreads) {
  BlockingPool& pool = makePool({.max = 1});
  const auto fifo = makeFifo("fifo");
  std::atomic<int> stopped = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      try {
        pool.call<bridge_jobs::waitFor>(fifo);
      } catch (const PoolStopped&) {
        ++stopped;
      }
    });
  }
  threads.emplace_back([&] {
    const std::vector<std::string> range(10, fifo);  // borrowed by the call, to its end
    try {
      pool.map<bridge_jobs::waitFor>(range);
    } catch (const PoolStopped&) {
      ++stopped;
    }
  });
  const int writer = awaitReader(fifo);
  while (pool.stats().submitted < 5) std::this_thread::yield();  // all are inside
  pool_.reset();
  threads.clear();
  EXPECT_EQ(stopped, 5);
  ::close(writer);
}

TEST_F(BlockingStopTest, TheDestructorEndsTheFutures) {
  BlockingPool& pool = makePool({.max = 1});
  const auto fifo = makeFifo("fifo");
  std::vector<std::future<std::string>> futures;
  for (int i = 0; i < 5; ++i) futures.push_back(pool.submit<bridge_jobs::waitFor>(fifo));
  pool_.reset();
  for (auto& future : futures) EXPECT_THROW(future.get(), PoolStopped);
}

TEST_F(BlockingStopTest, AHandleOutlivesItsPool) {
  const BlockingSubmitter jobs = makePool().with({.label = "late"});
  pool_.reset();
  EXPECT_THROW(jobs.call<bridge_jobs::doNothing>(), PoolStopped);
  EXPECT_THROW(jobs.map<bridge_jobs::isPrime>(std::vector<std::uint64_t>{1, 2}), PoolStopped);
  EXPECT_THROW(jobs.submit<bridge_jobs::doNothing>().get(), PoolStopped);
}

}  // namespace
}  // namespace phial
