#include <gtest/gtest.h>
#include <phial/master/reactor.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace phial {
namespace {

using namespace std::chrono_literals;

TEST(CallFromThreadTest, RunsOnTheLoopsThreadInTheOrderOfEachThread) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 25'000;
  Reactor reactor;
  const auto loopThread = std::this_thread::get_id();
  // Not atomic: only the loop's thread touches them.
  std::vector<int> next(kThreads, 0);
  int total = 0;
  bool inOrder = true;
  const auto arrived = [&](int thread, int call) {
    inOrder &= std::this_thread::get_id() == loopThread && next[thread]++ == call;
    if (++total == kThreads * kCalls) reactor.stop();
  };
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCalls; ++i) reactor.callFromThread([&arrived, t, i] { arrived(t, i); });
    });
  }
  reactor.run();
  EXPECT_TRUE(inOrder);
  EXPECT_EQ(total, kThreads * kCalls);
}

TEST(CallFromThreadTest, WakesALoopThatWaits) {
  Reactor reactor;
  std::atomic<bool> waiting = false;
  std::jthread thread([&] {
    waiting.wait(false);
    reactor.callFromThread([&] { reactor.stop(); });
  });
  reactor.callWhenRunning([&] {
    waiting = true;
    waiting.notify_one();
  });
  reactor.run();
}

TEST(CallFromThreadTest, AFloodLeavesTurnsForOtherEvents) {
  Reactor reactor;
  // Each call asks for the next one: the loop gets to its timers only if a turn's share is bounded.
  int calls = 0;
  std::function<void()> flood = [&] {
    ++calls;
    reactor.callFromThread(flood);
  };
  flood();
  reactor.callLater(1ms, [&] { reactor.stop(); });
  reactor.run();
  EXPECT_GT(calls, 1);
}

TEST(CallFromThreadTest, MakesAtMostItsShareInOneTurn) {
  Reactor reactor;
  int calls = 0;
  int callsAtFirstTimer = -1;
  for (int i = 0; i < 5000; ++i) {
    reactor.callFromThread([&] {
      if (calls++ == 0) reactor.callLater(0s, [&] { callsAtFirstTimer = calls; });
      if (calls == 5000) reactor.stop();
    });
  }
  reactor.run();
  EXPECT_LT(callsAtFirstTimer, 5000);
  EXPECT_EQ(calls, 5000);
}

}  // namespace
}  // namespace phial
