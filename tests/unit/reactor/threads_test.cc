#include <gmock/gmock.h>
#include <phial/master/deferred_list.h>
#include <phial/master/reactor.h>
#include <phial/master/threads.h>

#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/no_threads.h"
#include "tests/support/unhandled_errors.h"

namespace phial {
namespace {

using ::testing::ElementsAre;

class ThreadsTest : public ::testing::Test {
 protected:
  /// Runs the loop until `deferred` has its result.
  template <class T>
  Outcome<T> await(Deferred<T> deferred) {
    std::optional<Outcome<T>> result;
    bool waiting = false;
    std::move(deferred).addBoth([&](Outcome<T> outcome) {
      result.emplace(std::move(outcome));
      if (waiting) reactor_->stop();
    });
    waiting = !result;
    if (waiting) reactor_->run();
    return std::move(*result);
  }

  std::unique_ptr<Reactor> reactor_ = std::make_unique<Reactor>();
};

int twice(int n) { return 2 * n; }

TEST_F(ThreadsTest, AResultComesBackToTheLoopsThread) {
  std::thread::id ranOn;
  auto outcome = await(deferToThread(
                           *reactor_,
                           [&](std::unique_ptr<int> n) {
                             ranOn = std::this_thread::get_id();
                             return n;
                           },
                           std::make_unique<int>(7))
                           .addCallback([](std::unique_ptr<int> n) {
                             return std::pair(*n, std::this_thread::get_id());
                           }));
  EXPECT_EQ(outcome.value().first, 7);
  EXPECT_EQ(outcome.value().second, std::this_thread::get_id());
  EXPECT_NE(ranOn, std::this_thread::get_id());
}

TEST_F(ThreadsTest, FunctionsAndReferencesWorkAsWithStdThread) {
  EXPECT_EQ(await(deferToThread(*reactor_, twice, 21)).value(), 42);
  std::string text = "a";
  const auto append = [](std::string& to, const char* what) { to += what; };
  EXPECT_TRUE(await(deferToThread(*reactor_, append, std::ref(text), "b")).ok());
  EXPECT_EQ(text, "ab");
}

TEST_F(ThreadsTest, AnExceptionComesBackAsTheFailure) {
  const auto outcome =
      await(deferToThread(*reactor_, []() -> int { throw std::out_of_range("beyond the end"); }));
  EXPECT_THROW(outcome.failure().rethrow(), std::out_of_range);
}

TEST_F(ThreadsTest, ManyResultsEachReachTheirOwnCaller) {
  std::vector<Deferred<int>> all;
  for (int i = 0; i < 1000; ++i) all.push_back(deferToThread(*reactor_, twice, i));
  const auto results = await(gatherResults(std::move(all)));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(results.value()[i], 2 * i);
  EXPECT_LE(reactor_->threadPool().threads(), 10U);
}

TEST_F(ThreadsTest, ACancelledCallThatHasNotBegunNeverRuns) {
  ThreadPool pool({.max = 1});
  bool ran = false;
  auto deferred = deferToThreadPool(*reactor_, pool, [&] { ran = true; });
  deferred.cancel();
  EXPECT_TRUE(await(std::move(deferred)).failure().check<CancelledError>());
  pool.start();
  pool.stop();
  EXPECT_FALSE(ran);
}

TEST_F(ThreadsTest, ACancelledCallThatRunsIsNotHeardOfAgain) {
  const UnhandledErrors errors;
  ThreadPool pool({.max = 1});
  pool.start();
  std::latch begun(1);
  std::latch goOn(1);
  auto deferred = deferToThreadPool(*reactor_, pool, [&]() -> int {
    begun.count_down();
    goOn.wait();
    throw std::runtime_error("too late");
  });
  begun.wait();
  deferred.cancel();
  goOn.count_down();
  EXPECT_TRUE(await(std::move(deferred)).failure().check<CancelledError>());
  EXPECT_TRUE(await(deferToThreadPool(*reactor_, pool, [] {})).ok());  // the late one came before
  EXPECT_TRUE(errors.messages().empty());
}

TEST_F(ThreadsTest, AStoppedPoolIsAFailureOfTheCall) {
  ThreadPool pool;
  pool.stop();
  EXPECT_TRUE(await(deferToThreadPool(*reactor_, pool, twice, 1)).failure().check<PoolStopped>());
}

TEST_F(ThreadsTest, WithoutThreadsOfTheSystemTheCallFails) {
  Deferred<int> deferred;
  {
    const NoThreads shortage;
    deferred = deferToThread(*reactor_, twice, 1);
  }
  EXPECT_TRUE(await(std::move(deferred)).failure().check<Error>());
  EXPECT_EQ(await(deferToThread(*reactor_, twice, 2)).value(), 4);
}

TEST_F(ThreadsTest, OneAfterTheOtherOnOneThread) {
  std::vector<std::thread::id> threads;
  std::vector<std::function<void()>> row(3, [&] { threads.push_back(std::this_thread::get_id()); });
  row.emplace_back([&] { reactor_->callFromThread([&] { reactor_->stop(); }); });
  callMultipleInThread(*reactor_, std::move(row));
  reactor_->run();
  ASSERT_EQ(threads.size(), 3U);
  EXPECT_NE(threads[0], std::this_thread::get_id());
  EXPECT_THAT(threads, ElementsAre(threads[0], threads[0], threads[0]));
}

TEST_F(ThreadsTest, AnExceptionEndsTheRowAndIsReported) {
  const UnhandledErrors errors;
  bool ran = false;
  callMultipleInThread(*reactor_,
                       {[] { throw std::runtime_error("broken row"); }, [&] { ran = true; }});
  reactor_.reset();
  EXPECT_FALSE(ran);
  EXPECT_THAT(errors.messages(), ElementsAre("broken row"));
}

TEST_F(ThreadsTest, TheReactorsEndWaitsForItsThreadsAndRunsWhatIsQueued) {
  int ran = 0;
  std::mutex mutex;
  for (int i = 0; i < 100; ++i) {
    reactor_->callInThread([&] {
      const std::scoped_lock lock(mutex);
      ++ran;
    });
  }
  reactor_.reset();
  EXPECT_EQ(ran, 100);
}

TEST_F(ThreadsTest, AResultAfterTheReactorsEndReachesNobody) {
  ThreadPool pool({.max = 1});
  pool.start();
  std::latch begun(1);
  std::latch goOn(1);
  bool called = false;
  const auto loopThread = std::this_thread::get_id();
  std::thread::id destroyedOn;
  std::shared_ptr<void> mark(nullptr, [&](void*) { destroyedOn = std::this_thread::get_id(); });
  deferToThreadPool(*reactor_, pool, [&] {
    begun.count_down();
    goOn.wait();
  }).addCallback([&called, mark = std::move(mark)] { called = true; });
  begun.wait();
  reactor_.reset();
  EXPECT_EQ(destroyedOn, loopThread);  // the callback is gone, and was never the thread's
  goOn.count_down();
  pool.stop();
  EXPECT_FALSE(called);
}

TEST_F(ThreadsTest, AThreadThatCallsTheLoopWhileTheReactorEndsIsToldSo) {
  std::latch begun(1);
  bool told = false;
  auto door = detail::ThreadDoor::of(*reactor_);
  Reactor& reactor = *reactor_;  // reset() empties the pointer first
  reactor.callInThread([&] {
    begun.count_down();
    while (!door->ended()) std::this_thread::yield();
    try {
      blockingCallFromThread(reactor, [] {});
    } catch (const ReactorStopped&) {
      told = true;
    }
  });
  begun.wait();
  reactor_.reset();
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace phial
