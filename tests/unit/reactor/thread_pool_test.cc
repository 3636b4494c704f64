#include <gmock/gmock.h>
#include <phial/master/reactor.h>
#include <phial/master/threads.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/no_threads.h"
#include "tests/support/unhandled_errors.h"

namespace phial {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

std::string nameOfThisThread() {
  std::array<char, 16> name{};
  ::pthread_getname_np(::pthread_self(), name.data(), name.size());
  return name.data();
}

TEST(ThreadPoolTest, StartsAThreadOnlyWhenAFunctionWaitsForOne) {
  std::latch both(2);  // outlives the threads of the pool
  ThreadPool pool({.max = 2});
  pool.start();
  EXPECT_EQ(pool.threads(), 0U);
  const auto meet = [&] { both.arrive_and_wait(); };  // needs two threads at once
  pool.callInThread(meet);
  EXPECT_EQ(pool.threads(), 1U);
  pool.callInThread(meet);
  both.wait();
  for (int i = 0; i < 100; ++i) pool.callInThread([] {});
  EXPECT_EQ(pool.threads(), 2U);
}

TEST(ThreadPoolTest, MakesItsLeastThreadsAtTheStart) {
  ThreadPool pool({.min = 3, .max = 5});
  pool.start();
  EXPECT_EQ(pool.threads(), 3U);
}

TEST(ThreadPoolTest, RunsFunctionsInOrderOnItsOneNamedThread) {
  ThreadPool pool({.max = 1, .name = "files"});
  pool.start();
  std::vector<int> order;
  std::string name;
  for (int i = 0; i < 3; ++i) {
    pool.callInThread([&, i] {
      order.push_back(i);
      name = nameOfThisThread();
    });
  }
  pool.stop();
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
  EXPECT_THAT(name, StartsWith("files-"));
}

TEST(ThreadPoolTest, StopRunsWhatIsQueuedBehindARunningFunction) {
  ThreadPool pool({.max = 1});
  pool.start();
  std::latch begun(1);
  std::latch goOn(1);
  int ran = 0;
  pool.callInThread([&] {
    begun.count_down();
    goOn.wait();
  });
  begun.wait();
  for (int i = 0; i < 100; ++i) pool.callInThread([&] { ++ran; });
  EXPECT_EQ(pool.queued(), 100U);
  std::jthread stopper([&] { pool.stop(); });
  goOn.count_down();
  stopper.join();
  EXPECT_EQ(ran, 100);
  EXPECT_EQ(pool.threads(), 0U);
  EXPECT_THROW(pool.callInThread([] {}), PoolStopped);
  EXPECT_THROW(pool.start(), PoolStopped);
}

TEST(ThreadPoolTest, AFunctionThatWasQueuedBeforeTheStartRunsAfterIt) {
  std::latch ran(1);
  ThreadPool pool;
  pool.callInThread([&] { ran.count_down(); });
  EXPECT_EQ(pool.threads(), 0U);
  EXPECT_EQ(pool.queued(), 1U);
  pool.start();
  ran.wait();
}

TEST(ThreadPoolTest, AFunctionOfAPoolThatWasNeverStartedRunsAtItsEnd) {
  bool ran = false;
  {
    ThreadPool pool;
    pool.callInThread([&] { ran = true; });
  }
  EXPECT_TRUE(ran);
}

TEST(ThreadPoolTest, AnExceptionIsReportedAndItsThreadServesOn) {
  const UnhandledErrors errors;
  bool ran = false;
  ThreadPool pool({.max = 1});
  pool.start();
  pool.callInThread([] { throw std::runtime_error("no such file"); });
  pool.callInThread([&] { ran = true; });
  pool.stop();
  EXPECT_THAT(errors.messages(), ElementsAre("no such file"));
  EXPECT_TRUE(ran);
}

TEST(ThreadPoolTest, AFunctionIsDestroyedOnItsThread) {
  std::thread::id destroyedOn;
  std::shared_ptr<void> mark(nullptr, [&](void*) { destroyedOn = std::this_thread::get_id(); });
  ThreadPool pool({.max = 1});
  pool.start();
  std::thread::id ranOn;
  std::function<void()> f = [mark = std::move(mark), &ranOn] {
    ranOn = std::this_thread::get_id();
  };
  pool.callInThread(std::move(f));
  pool.stop();
  EXPECT_EQ(destroyedOn, ranOn);
}

TEST(ThreadPoolTest, RefusesToWaitForItself) {
  const UnhandledErrors errors;
  ThreadPool pool({.max = 1});
  pool.start();
  std::atomic<bool> refused = false;
  pool.callInThread([&] {
    try {
      pool.stop();
    } catch (const std::logic_error&) {
      refused = true;
    }
  });
  pool.stop();
  EXPECT_TRUE(refused);
}

TEST(ThreadPoolTest, MayBeDestroyedByItsOwnFunction) {
  auto pool = std::make_shared<ThreadPool>(ThreadPoolOptions{.max = 1});
  pool->start();
  const auto over = std::make_shared<std::latch>(1);
  ThreadPool& borrowed = *pool;
  borrowed.callInThread([over, own = std::move(pool)]() mutable {
    own.reset();
    over->count_down();
  });
  over->wait();
}

TEST(ThreadPoolTest, OptionsThatCanMeanNothingAreRefused) {
  EXPECT_THROW(ThreadPool({.max = 0}), std::invalid_argument);
  EXPECT_THROW(ThreadPool({.min = 3, .max = 2}), std::invalid_argument);
}

TEST(ThreadPoolTest, WithoutThreadsOfTheSystemAFunctionIsRefusedAndNotLost) {
  ThreadPool pool({.max = 2});
  pool.start();
  bool ran = false;
  {
    const NoThreads shortage;
    EXPECT_THROW(pool.callInThread([&] { ran = true; }), Error);
    EXPECT_EQ(pool.queued(), 0U);
  }
  pool.callInThread([&] { ran = true; });
  pool.stop();
  EXPECT_TRUE(ran);
}

TEST(ThreadPoolTest, WhileOneThreadIsThereItDoesTheWorkOfThoseTheSystemRefuses) {
  ThreadPool pool({.max = 2});
  pool.start();
  std::latch begun(1);
  std::latch goOn(1);
  pool.callInThread([&] {
    begun.count_down();
    goOn.wait();
  });
  begun.wait();
  bool ran = false;
  {
    const NoThreads shortage;
    pool.callInThread([&] { ran = true; });
  }
  EXPECT_EQ(pool.threads(), 1U);
  goOn.count_down();
  pool.stop();
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace phial
