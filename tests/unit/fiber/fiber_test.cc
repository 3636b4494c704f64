// What a stranger writes first: wait, return, throw, cancel, many, nested.
#include <gmock/gmock.h>
#include <phial/master/deferred_debugging.h>
#include <phial/master/deferred_list.h>
#include <phial/master/eventual_result.h>
#include <phial/master/fiber.h>
#include <phial/master/reactor_thread.h>
#include <phial/master/tasks.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/unhandled_errors.h"

namespace phial {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

#if defined(PHIAL_THREAD_SANITIZER)
constexpr int kManyFibers = 1'000;  // it counts each as a thread, and has 8,128
#else
constexpr int kManyFibers = 10'000;
#endif

class FiberTest : public ::testing::Test {
 protected:
  ~FiberTest() override { EXPECT_THAT(errors_.messages(), IsEmpty()); }

  const UnhandledErrors errors_;
  Reactor reactor_;
};

TEST_F(FiberTest, RunsAtOnceUpToItsFirstWaitAndGoesOnWhenThisFires) {
  auto [deferred, resolver] = newDeferred<int>();
  std::vector<std::string> seen;
  auto sum = spawnFiber(reactor_, [&] {
    seen.emplace_back("begun");
    const int n = waitForDeferred(std::move(deferred));
    seen.emplace_back("goes on");
    return n + 1;
  });
  seen.emplace_back("spawned");
  int result = 0;
  std::move(sum).addCallback([&](int n) { result = n; });
  resolver.callback(41);
  EXPECT_THAT(seen, ElementsAre("begun", "spawned", "goes on"));
  EXPECT_EQ(result, 42);
}

TEST_F(FiberTest, AResultThatIsThereIsReturnedAtOnce) {
  auto fiber = spawnFiber(reactor_, [] { return waitForDeferred(succeed(7)); });
  EXPECT_TRUE(fiber.called());
  EXPECT_EQ(waitForFiber(reactor_, std::move(fiber)), 7);
}

TEST_F(FiberTest, AFailureIsThrownAtTheWaitAndMayBeCaught) {
  const auto caught = waitForFiber(reactor_, spawnFiber(reactor_, [] {
                                     try {
                                       waitForDeferred(fail<int>(std::range_error("too far")));
                                     } catch (const std::range_error& error) {
                                       return std::string(error.what());
                                     }
                                     return std::string();
                                   }));
  EXPECT_EQ(caught, "too far");
}

TEST_F(FiberTest, WhatTheFunctionThrowsIsTheFailure) {
  auto fiber = spawnFiber(reactor_, []() -> int { throw std::domain_error("no"); });
  EXPECT_THROW(waitForFiber(reactor_, std::move(fiber)), std::domain_error);
}

TEST_F(FiberTest, ArgumentsAreMovedInAndOptionsMayFollow) {
  auto text = std::make_unique<std::string>("a string that is too long for its own buffer");
  auto fiber = spawnFiber(
      reactor_,
      [](std::unique_ptr<std::string> owned, std::size_t more) { return owned->size() + more; },
      std::move(text), std::size_t{2}, FiberOptions{.stackBytes = std::size_t{1} << 20});
  EXPECT_EQ(waitForFiber(reactor_, std::move(fiber)), 46u);
}

TEST_F(FiberTest, AFunctionThatReturnsADeferredIsWaitedFor) {
  auto fiber = spawnFiber(reactor_, [this] { return deferLater(reactor_, 1ms, [] { return 3; }); });
  EXPECT_EQ(waitForFiber(reactor_, std::move(fiber)), 3);
}

TEST_F(FiberTest, TimersRunWhileFibersWait) {
  std::vector<int> order;
  const auto sleeper = [&](int ms) {
    waitForDeferred(deferLater(reactor_, std::chrono::milliseconds(ms), [] {}));
    order.push_back(ms);
  };
  std::vector<Deferred<void>> all;
  for (const int ms : {30, 10, 20}) all.push_back(spawnFiber(reactor_, sleeper, ms));
  waitForFiber(reactor_, gatherResults(std::move(all)));
  EXPECT_THAT(order, ElementsAre(10, 20, 30));
}

TEST_F(FiberTest, OutsideAFiberWaitForDeferredSaysWhatToUse) {
  EXPECT_FALSE(inFiber());
  try {
    waitForDeferred(succeed(1));
    FAIL();
  } catch (const std::logic_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("waitForDeferred: not in a fiber"));
    EXPECT_THAT(error.what(), HasSubstr("use co_await"));
    EXPECT_THAT(error.what(), HasSubstr("EventualResult"));
  }
}

TEST_F(FiberTest, InAFiberWaitForFiberSaysWhatToUse) {
  auto fiber = spawnFiber(reactor_, [this] {
    EXPECT_TRUE(inFiber());
    waitForFiber(reactor_, succeed(1));
  });
  EXPECT_THROW(waitForFiber(reactor_, std::move(fiber)), std::logic_error);
}

TEST_F(FiberTest, WaitForFiberThrowsReactorStoppedWhenSomethingElseStopsTheLoop) {
  auto [deferred, resolver] = newDeferred<int>();
  auto fiber = spawnFiber(reactor_, [&] { return waitForDeferred(std::move(deferred)); });
  reactor_.callLater(0s, [this] { reactor_.stop(); });
  EXPECT_THROW(waitForFiber(reactor_, std::move(fiber)), ReactorStopped);
  resolver.callback(1);  // nobody is there any more
}

TEST_F(FiberTest, AnotherThreadWaitsByWaitFor) {
  ReactorThread loop;
  const int result = loop.waitFor(1min, [&] {
    return spawnFiber(loop.reactor(), [&] {
      return waitForDeferred(deferLater(loop.reactor(), 1ms, [] { return 5; }));
    });
  });
  EXPECT_EQ(result, 5);
}

TEST_F(FiberTest, CancellingCancelsWhatItWaitsFor) {
  bool stopped = false;
  std::string seen;
  auto waited = newDeferred<int>([&] { stopped = true; });
  auto fiber = spawnFiber(reactor_, [&] {
    try {
      return waitForDeferred(std::move(waited.deferred));
    } catch (const CancelledError& error) {
      seen = error.what();
      return -1;
    }
  });
  fiber.cancel();
  EXPECT_TRUE(stopped);
  EXPECT_EQ(seen, "cancelled");
  EXPECT_EQ(waitForFiber(reactor_, std::move(fiber)), -1);
}

TEST_F(FiberTest, AddTimeoutEndsAWait) {
  auto fiber = spawnFiber(reactor_, [&] { waitForDeferred(deferLater(reactor_, 1h, [] {})); });
  EXPECT_THROW(waitForFiber(reactor_, std::move(fiber).addTimeout(1ms, reactor_)), TimeoutError);
}

TEST_F(FiberTest, ManyFibersWaitAtATime) {
  std::vector<Resolver<int>> resolvers;
  long sum = 0;
  std::vector<Deferred<void>> all;
  for (int i = 0; i < kManyFibers; ++i) {
    auto made = newDeferred<int>();
    resolvers.push_back(made.resolver);
    all.push_back(spawnFiber(
        reactor_, [&sum](Deferred<int> d) { sum += waitForDeferred(std::move(d)); },
        std::move(made.deferred)));
  }
  for (auto& resolver : resolvers) resolver.callback(1);
  waitForFiber(reactor_, gatherResults(std::move(all)));
  EXPECT_EQ(sum, kManyFibers);
}

TEST_F(FiberTest, AFiberMayWaitForFibersThatItSpawns) {
  const auto result = waitForFiber(reactor_, spawnFiber(reactor_, [&] {
                                     auto later = [this](int n) {
                                       return spawnFiber(
                                           reactor_,
                                           [this](int m) {
                                             waitForDeferred(deferLater(reactor_, 1ms, [] {}));
                                             return m;
                                           },
                                           n);
                                     };
                                     auto first = later(1);
                                     auto second = later(2);
                                     return waitForDeferred(std::move(second)) * 10 +
                                            waitForDeferred(std::move(first));
                                   }));
  EXPECT_EQ(result, 21);
}

TEST_F(FiberTest, AFiberMayResumeAnotherAndBeResumedByItsEnd) {
  auto question = newDeferred<int>();
  auto answer = newDeferred<int>();
  std::vector<std::string> order;
  auto server = spawnFiber(reactor_, [&] {
    const int n = waitForDeferred(std::move(question.deferred));
    order.emplace_back("server");
    answer.resolver.callback(n * 2);
    order.emplace_back("server ends");
  });
  auto client = spawnFiber(reactor_, [&] {
    question.resolver.callback(4);
    order.emplace_back("asked");
    return waitForDeferred(std::move(answer.deferred));
  });
  EXPECT_EQ(waitForFiber(reactor_, std::move(client)), 8);
  EXPECT_THAT(order, ElementsAre("server", "server ends", "asked"));
  EXPECT_TRUE(server.called());
}

TEST_F(FiberTest, ACallbackThatRunsOnItsStackMayWait) {
  auto first = newDeferred<void>();
  auto second = newDeferred<void>();
  std::vector<std::string> order;
  std::move(first.deferred)
      .addCallback([&] {
        order.emplace_back("waits");
        waitForDeferred(std::move(second.deferred));
        order.emplace_back("waited");
      })
      .addCallback([&] { order.emplace_back("next callback"); });
  auto fiber = spawnFiber(reactor_, [&] {
    first.resolver.callback();
    order.emplace_back("fired");
  });
  EXPECT_FALSE(fiber.called());
  second.resolver.callback();
  EXPECT_TRUE(fiber.called());
  EXPECT_THAT(order, ElementsAre("waits", "waited", "next callback", "fired"));
}

TEST_F(FiberTest, ADestructorThatWaitsHoldsUpNoOtherDestructor) {
  struct Farewell {
    explicit Farewell(Deferred<void>& d) : awaited(d) {}
    ~Farewell() { waitForDeferred(std::move(awaited)); }
    Deferred<void>& awaited;
  };
  auto made = newDeferred<void>();
  auto fiber = spawnFiber(reactor_, [&] {
    // Destroyed by the Deferred's own machinery, together with a callback that never runs.
    auto inner = newDeferred<int>();
    auto last = std::make_shared<Farewell>(made.deferred);
    auto chained = std::move(inner.deferred).addCallback([last](int) {});
    last.reset();
    inner.resolver = {};
    chained = {};
  });
  EXPECT_FALSE(fiber.called());
  auto destroyed = std::make_shared<int>();
  {
    auto other = newDeferred<int>();
    auto chained = std::move(other.deferred).addCallback([destroyed](int) {});
  }
  EXPECT_EQ(destroyed.use_count(), 1);
  made.resolver.callback();
  EXPECT_TRUE(fiber.called());
}

TEST_F(FiberTest, AFiberThatWaitsForItselfGetsCircularWaitErrorThrown) {
  Deferred<int> own;
  auto turn = newDeferred<void>();
  bool circular = false;
  own = spawnFiber(reactor_, [&] {
    waitForDeferred(std::move(turn.deferred));
    try {
      return waitForDeferred(
          gatherResults(std::move(own), succeed(1)).addCallback([](auto&&) { return 0; }));
    } catch (const CircularWaitError&) {
      circular = true;
      return 1;
    }
  });
  turn.resolver.callback();
  EXPECT_TRUE(circular);
}

TEST_F(FiberTest, ACoroutineAwaitsAFiberAndAFiberACoroutine) {
  auto coroutine = [this](int n) -> Deferred<int> {
    co_await deferLater(reactor_, 1ms, [] {});
    co_return n + 1;
  };
  auto outer = [&]() -> Deferred<int> {
    auto fiber = spawnFiber(reactor_, [&] { return waitForDeferred(coroutine(1)) * 10; });
    co_return co_await std::move(fiber);
  };
  EXPECT_EQ(waitForFiber(reactor_, outer()), 20);
}

TEST_F(FiberTest, ALockIsHeldByAGuard) {
  DeferredLock lock;
  auto fiber = spawnFiber(reactor_, [&] {
    const auto held = waitForDeferred(lock.acquire());
    EXPECT_TRUE(lock.locked());
    waitForDeferred(deferLater(reactor_, 1ms, [] {}));
  });
  EXPECT_TRUE(lock.locked());
  waitForFiber(reactor_, std::move(fiber));
  EXPECT_FALSE(lock.locked());
}

TEST_F(FiberTest, AFiberThatHoldsALockIsTold) {
  DeferredLock lock;
  auto [deferred, resolver] = newDeferred<void>();
  auto fiber = spawnFiber(reactor_, [&] {
    const auto held = waitForDeferred(lock.acquire());
    waitForDeferred(std::move(deferred));
  });
  Deferred<void> next = lock.acquire();
  EXPECT_THAT(describeWaiting(next), HasSubstr("held by a Deferred with 0 callbacks to run\n"
                                               "      waits for a fiber\n"));
  resolver.callback();
  EXPECT_TRUE(next.called());
}

}  // namespace
}  // namespace phial
