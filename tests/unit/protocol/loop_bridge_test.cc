#include "phial/protocol/loop_bridge.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "protocol/wire/event_ptr.h"
#include "tests/support/base_free.h"

namespace phial {
namespace {

class LoopBridgeTest : public testing::Test {
 protected:
  event_base& base() { return *base_; }

  detail::EventPtr onTimer(std::function<void()>& f, int milliseconds) {
    auto made = detail::newEvent(
        base(), -1, 0,
        [](evutil_socket_t, short, void* g) { (*static_cast<std::function<void()>*>(g))(); }, &f);
    const timeval delay{0, milliseconds * 1000};
    event_add(made.get(), &delay);
    return made;
  }

  std::unique_ptr<event_base, BaseFree> base_{event_base_new()};
};

kj::Promise<void> forEver(int& turns) {
  return kj::evalLater([&turns] { ++turns; }).then([&turns] { return forEver(turns); });
}

TEST_F(LoopBridgeTest, RunsPromisesWhenTheHostDispatches) {
  LoopBridge bridge(base());
  int ran = 0;
  auto promise = kj::evalLater([&] { ++ran; }).then([&] { ++ran; }).eagerlyEvaluate(nullptr);
  EXPECT_TRUE(bridge.runnable());
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(event_base_dispatch(&base()), 1) << "nothing must be left to wait for";
  EXPECT_EQ(ran, 2);
  EXPECT_FALSE(bridge.runnable());
}

TEST_F(LoopBridgeTest, RunsPromisesFulfilledByDescriptorsAndTimers) {
  LoopBridge bridge(base());
  std::string order;
  auto fromTimer = kj::newPromiseAndFulfiller<void>();
  auto fromPipe = kj::newPromiseAndFulfiller<void>();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  auto readable = detail::newEvent(
      base(), ends[0], EV_READ,
      [](evutil_socket_t, short, void* f) {
        static_cast<kj::PromiseFulfiller<void>*>(f)->fulfill();
      },
      fromPipe.fulfiller.get());
  event_add(readable.get(), nullptr);
  std::function<void()> fire = [&] { fromTimer.fulfiller->fulfill(); };
  auto timer = onTimer(fire, 1);

  auto first = fromTimer.promise
                   .then([&] {
                     order += "timer ";
                     EXPECT_EQ(write(ends[1], "x", 1), 1);
                   })
                   .eagerlyEvaluate(nullptr);
  auto second = fromPipe.promise.then([&] { order += "pipe"; }).eagerlyEvaluate(nullptr);
  event_base_dispatch(&base());
  EXPECT_EQ(order, "timer pipe");
  close(ends[0]);
  close(ends[1]);
}

TEST_F(LoopBridgeTest, RunsInTheSamePassWhatAnEventMadeRunnable) {
  LoopBridge bridge(base());
  auto paf = kj::newPromiseAndFulfiller<void>();
  bool ran = false;
  auto promise = paf.promise.then([&] { ran = true; }).eagerlyEvaluate(nullptr);
  std::function<void()> fire = [&] { paf.fulfiller->fulfill(); };
  auto timer = onTimer(fire, 0);
  event_base_loop(&base(), EVLOOP_ONCE);
  EXPECT_TRUE(ran);
}

TEST_F(LoopBridgeTest, PromiseThatRearmsItselfForEverDoesNotStarveATimer) {
  LoopBridge bridge(base());
  int turns = 0;
  auto promise = forEver(turns).eagerlyEvaluate(nullptr);
  int atTimer = 0;
  std::function<void()> fire = [&] {
    atTimer = turns;
    event_base_loopbreak(&base());
  };
  auto timer = onTimer(fire, 1);
  event_base_dispatch(&base());
  EXPECT_GT(atTimer, 0);
  EXPECT_TRUE(bridge.runnable());
}

TEST_F(LoopBridgeTest, ALongQueueIsRunToItsEnd) {
  LoopBridge bridge(base());
  int ran = 0;
  std::vector<kj::Promise<void>> promises;
  for (int i = 0; i < 10'000; ++i) {
    promises.push_back(kj::evalLater([&] { ++ran; }).eagerlyEvaluate(nullptr));
  }
  event_base_dispatch(&base());
  EXPECT_EQ(ran, 10'000);
}

TEST_F(LoopBridgeTest, WaitRunsTheHostsEvents) {
  LoopBridge bridge(base());
  auto paf = kj::newPromiseAndFulfiller<int>();
  std::function<void()> fire = [&] { paf.fulfiller->fulfill(42); };
  auto timer = onTimer(fire, 1);
  EXPECT_EQ(paf.promise.wait(bridge.waitScope()), 42);
}

TEST_F(LoopBridgeTest, WhatAWaitLeavesRunnableIsRunByTheNextDispatch) {
  LoopBridge bridge(base());
  auto waited = kj::newPromiseAndFulfiller<void>();
  auto other = kj::newPromiseAndFulfiller<void>();
  int steps = 0;
  auto chain = other.promise
                   .then([&] {
                     ++steps;
                     return kj::evalLater([&] { ++steps; });
                   })
                   .then([&] {
                     ++steps;
                     return kj::evalLater([&] { ++steps; });
                   })
                   .eagerlyEvaluate(nullptr);
  std::function<void()> fire = [&] {
    waited.fulfiller->fulfill();
    other.fulfiller->fulfill();
  };
  auto timer = onTimer(fire, 1);
  waited.promise.wait(bridge.waitScope());
  ASSERT_LT(steps, 4);
  ASSERT_TRUE(bridge.runnable());
  event_base_dispatch(&base());
  EXPECT_EQ(steps, 4);
}

TEST_F(LoopBridgeTest, PollLooksAtEventsWithoutWaiting) {
  LoopBridge bridge(base());
  auto paf = kj::newPromiseAndFulfiller<void>();
  EXPECT_FALSE(paf.promise.poll(bridge.waitScope()));
  std::function<void()> fire = [&] { paf.fulfiller->fulfill(); };
  auto timer = onTimer(fire, 0);
  EXPECT_TRUE(paf.promise.poll(bridge.waitScope()));
}

TEST_F(LoopBridgeTest, WaitWithNothingThatCouldEndItThrows) {
  LoopBridge bridge(base());
  EXPECT_THROW(kj::Promise<void>(kj::NEVER_DONE).wait(bridge.waitScope()), std::logic_error);
}

TEST_F(LoopBridgeTest, WaitInsideAnEventCallbackThrows) {
  LoopBridge bridge(base());
  bool refused = false;
  std::function<void()> fire = [&] {
    try {
      kj::Promise<void>(kj::NEVER_DONE).wait(bridge.waitScope());
    } catch (const std::logic_error&) {
      refused = true;
    }
  };
  auto timer = onTimer(fire, 0);
  event_base_dispatch(&base());
  EXPECT_TRUE(refused);
}

TEST_F(LoopBridgeTest, RunQueueEmptiesTheQueueWithoutEvents) {
  LoopBridge bridge(base());
  int ran = 0;
  auto promise = kj::evalLater([&] {
                   ++ran;
                 }).then([&] {
                     return kj::evalLater([&] { ++ran; });
                   }).eagerlyEvaluate(nullptr);
  bool fired = false;
  std::function<void()> fire = [&] { fired = true; };
  auto timer = onTimer(fire, 0);
  bridge.runQueue();
  EXPECT_EQ(ran, 2);
  EXPECT_FALSE(fired);
}

TEST_F(LoopBridgeTest, RunQueueInsideTheQueueIsRefused) {
  LoopBridge bridge(base());
  bool refused = false;
  auto promise = kj::evalLater([&] {
                   try {
                     bridge.runQueue();
                   } catch (const std::logic_error&) {
                     refused = true;
                   }
                 }).eagerlyEvaluate(nullptr);
  event_base_dispatch(&base());
  EXPECT_TRUE(refused);
}

TEST_F(LoopBridgeTest, OneBridgeAThread) {
  EXPECT_EQ(LoopBridge::current(), nullptr);
  {
    LoopBridge bridge(base());
    EXPECT_EQ(LoopBridge::current(), &bridge);
    EXPECT_THROW(LoopBridge second(base()), std::logic_error);
    EXPECT_EQ(LoopBridge::current(), &bridge);
    std::thread([] { EXPECT_EQ(LoopBridge::current(), nullptr); }).join();
  }
  EXPECT_EQ(LoopBridge::current(), nullptr);
  LoopBridge next(base());
  EXPECT_EQ(kj::evalLater([] { return 7; }).wait(next.waitScope()), 7);
}

TEST_F(LoopBridgeTest, DetachedPromisesAreCancelledWithTheBridge) {
  auto alive = std::make_shared<int>(0);
  std::weak_ptr<int> seen = alive;
  auto bridge = std::make_unique<LoopBridge>(base());
  int turns = 0;
  forEver(turns).detach([](kj::Exception&&) {});
  auto paf = kj::newPromiseAndFulfiller<void>();
  paf.promise.then([alive] {}).detach([](kj::Exception&&) {});
  alive.reset();
  event_base_loop(&base(), EVLOOP_ONCE | EVLOOP_NONBLOCK);
  EXPECT_FALSE(seen.expired());
  bridge.reset();
  EXPECT_TRUE(seen.expired());
  EXPECT_EQ(event_base_loop(&base(), EVLOOP_NONBLOCK), 1) << "no event of the bridge is left";
}

TEST_F(LoopBridgeTest, DetachedPromisesMayUseTheLoopWhileTheyAreCancelled) {
  auto bridge = std::make_unique<LoopBridge>(base());
  bool usable = false;
  kj::Promise<void>(kj::NEVER_DONE)
      .attach(kj::defer([&] {
        auto promise = kj::evalLater([] {}).eagerlyEvaluate(nullptr);
        usable = true;
      }))
      .detach([](kj::Exception&&) {});
  bridge.reset();
  EXPECT_TRUE(usable);
}

}  // namespace
}  // namespace phial
