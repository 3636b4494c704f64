// What is called when the loop is stopped, and how the loop waits for it.
#include <event2/event.h>
#include <gtest/gtest.h>
#include <phial/master/react.h>
#include <phial/master/reactor.h>
#include <phial/master/tasks.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace phial {
namespace {

using namespace std::chrono_literals;
using Phase = SystemEventPhase;

class SystemEventTest : public ::testing::Test {
 protected:
  SystemEventTest() {
    reactor_.onCallbackError([this](std::exception_ptr error) {
      log_ += '!' + Failure(std::move(error), {}).message();
    });
  }
  auto logging(char c) {
    return [this, c] { log_ += c; };
  }
  void stopSoon() {
    reactor_.callLater(0s, [this] { reactor_.stop(); });
  }

  std::string log_;
  Reactor reactor_;
};

TEST_F(SystemEventTest, AreCalledInTheOrderOfTheirPhasesFromTheLoop) {
  reactor_.addSystemEventTrigger(Phase::after, logging('5'));
  reactor_.addSystemEventTrigger(Phase::during, logging('3'));
  reactor_.addSystemEventTrigger(Phase::before, logging('1'));
  reactor_.addSystemEventTrigger(Phase::before, logging('2'));
  reactor_.addSystemEventTrigger(Phase::during, logging('4'));
  reactor_.callLater(0s, [&] {
    reactor_.stop();
    log_ += '0';
    EXPECT_TRUE(reactor_.running());
  });
  reactor_.run();
  EXPECT_EQ(log_, "012345");
  EXPECT_FALSE(reactor_.running());
}

TEST_F(SystemEventTest, TheLoopWaitsForWhatBeforeReturns) {
  auto made = newDeferred<void>();
  reactor_.addSystemEventTrigger(Phase::before, [&] {
    reactor_.callLater(1ms, [&] {
      log_ += 'f';
      made.resolver.callback();
      log_ += 'F';
    });
    return std::move(made.deferred);
  });
  reactor_.addSystemEventTrigger(Phase::before, logging('b'));
  reactor_.addSystemEventTrigger(Phase::during, logging('d'));
  stopSoon();
  reactor_.run();
  EXPECT_EQ(log_, "bfFd");
}

TEST_F(SystemEventTest, ASecondStopMeanwhileIsHarmless) {
  reactor_.addSystemEventTrigger(Phase::before, [&] {
    reactor_.stop();
    return deferLater(reactor_, 1ms, [&] { reactor_.stop(); });
  });
  reactor_.addSystemEventTrigger(Phase::after, logging('a'));
  stopSoon();
  reactor_.run();
  EXPECT_EQ(log_, "a");
  bool again = false;
  reactor_.callLater(0s, [&] {
    again = true;
    reactor_.stop();
  });
  reactor_.run();
  EXPECT_TRUE(again) << "a stop was left over";
  EXPECT_EQ(log_, "a") << "a trigger is called once";
}

TEST_F(SystemEventTest, FailuresGoToTheHookAndStopNothing) {
  reactor_.addSystemEventTrigger(Phase::before, [] { throw std::runtime_error("thrown"); });
  reactor_.addSystemEventTrigger(Phase::before,
                                 [] { return fail<void>(std::runtime_error("failed")); });
  reactor_.addSystemEventTrigger(Phase::during, [] { throw std::runtime_error("during"); });
  reactor_.addSystemEventTrigger(Phase::after, logging('a'));
  stopSoon();
  reactor_.run();
  EXPECT_EQ(log_, "!thrown!failed!duringa");
}

TEST_F(SystemEventTest, ARemovedOneIsNotCalled) {
  const auto witness = std::make_shared<int>();
  const auto trigger = reactor_.addSystemEventTrigger(Phase::before, [witness] { FAIL(); });
  EXPECT_EQ(witness.use_count(), 2);
  EXPECT_TRUE(reactor_.removeSystemEventTrigger(trigger));
  EXPECT_EQ(witness.use_count(), 1);
  EXPECT_FALSE(reactor_.removeSystemEventTrigger(trigger));
  EXPECT_FALSE(reactor_.removeSystemEventTrigger(SystemEventTrigger()));
  stopSoon();
  reactor_.run();
}

TEST_F(SystemEventTest, OneMayRemoveAndAddOthers) {
  const auto removed = reactor_.addSystemEventTrigger(Phase::during, logging('x'));
  std::optional<SystemEventTrigger> own;
  own = reactor_.addSystemEventTrigger(Phase::before, [&] {
    EXPECT_TRUE(reactor_.removeSystemEventTrigger(removed));
    EXPECT_FALSE(reactor_.removeSystemEventTrigger(*own)) << "it has been called";
    reactor_.addSystemEventTrigger(Phase::before, logging('b'));
    reactor_.addSystemEventTrigger(Phase::after, logging('a'));
  });
  stopSoon();
  reactor_.run();
  EXPECT_EQ(log_, "ba");
}

TEST_F(SystemEventTest, StopBeforeRunCallsThemInTheFirstTurns) {
  reactor_.addSystemEventTrigger(Phase::before, logging('b'));
  reactor_.stop();
  EXPECT_EQ(log_, "");
  reactor_.run();
  EXPECT_EQ(log_, "b");
}

TEST_F(SystemEventTest, ALoopThatTheHostBreaksCallsNone) {
  std::optional<Resolver<void>> late;
  reactor_.addSystemEventTrigger(Phase::before, [&] {
    auto made = newDeferred<void>();
    late = std::move(made.resolver);
    reactor_.callLater(0s, [&] { event_base_loopbreak(reactor_.base()); });
    return std::move(made.deferred);
  });
  reactor_.addSystemEventTrigger(Phase::after, logging('a'));
  stopSoon();
  reactor_.run();
  EXPECT_EQ(log_, "") << "the wait was broken off";
  EXPECT_FALSE(reactor_.running());
  reactor_.callLater(0s, [&] {
    late->callback();
    log_ += 'l';
  });
  reactor_.callLater(1ms, [&] { reactor_.stop(); });
  reactor_.run();
  EXPECT_EQ(log_, "la") << "what was not called waits for the next stop, and for nothing else";
}

TEST_F(SystemEventTest, ReactorsOfOneLoopShareItsEnd) {
  Reactor other(reactor_.base());
  other.addSystemEventTrigger(Phase::before, logging('o'));
  reactor_.addSystemEventTrigger(Phase::during, logging('d'));
  stopSoon();
  reactor_.run();
  EXPECT_EQ(log_, "od");
}

TEST_F(SystemEventTest, AReactorThatEndsIsNotWaitedFor) {
  auto other = std::make_unique<Reactor>(reactor_.base());
  const auto witness = std::make_shared<int>();
  other->addSystemEventTrigger(Phase::before, [&, witness] {
    reactor_.callLater(1ms, [&] { other.reset(); });
    return newDeferred<void>([] {}).deferred;  // never
  });
  other->addSystemEventTrigger(Phase::during, [&, witness] { log_ += 'x'; });
  reactor_.addSystemEventTrigger(Phase::during, logging('d'));
  stopSoon();
  reactor_.run();
  EXPECT_EQ(log_, "d");
  EXPECT_EQ(witness.use_count(), 1);
}

TEST_F(SystemEventTest, TheHostsDispatchEndsAfterThem) {
  reactor_.addSystemEventTrigger(Phase::before,
                                 [&] { return deferLater(reactor_, 1ms, logging('b')); });
  stopSoon();
  event_base_dispatch(reactor_.base());
  EXPECT_EQ(log_, "b");
  EXPECT_FALSE(reactor_.running());
}

TEST_F(SystemEventTest, WhatIsLeftGoesWithTheReactor) {
  const auto witness = std::make_shared<int>();
  std::optional<SystemEventTrigger> handle;
  {
    const auto other = std::make_unique<Reactor>(reactor_.base());
    handle = other->addSystemEventTrigger(Phase::before, [witness] {});
  }
  EXPECT_EQ(witness.use_count(), 1);
  EXPECT_FALSE(reactor_.removeSystemEventTrigger(*handle));
}

TEST_F(SystemEventTest, ReactCallsThemAndKeepsItsStatus) {
  reactor_.addSystemEventTrigger(Phase::before,
                                 [&] { return deferLater(reactor_, 1ms, logging('b')); });
  EXPECT_EQ(react(reactor_, "test", deferLater(reactor_, 1ms, [] { return 7; })), 7);
  EXPECT_EQ(log_, "b");
}

TEST_F(SystemEventTest, AMainThatEndsWhileTheLoopIsBeingStoppedHasItsStatus) {
  auto made = newDeferred<int>();
  reactor_.addSystemEventTrigger(Phase::before, [&] {
    log_ += 'b';
    return deferLater(reactor_, 1ms, [&] { made.resolver.callback(5); });
  });
  reactor_.addSystemEventTrigger(Phase::after, logging('a'));
  stopSoon();  // by something else
  EXPECT_EQ(react(reactor_, "test", std::move(made.deferred)), 5);
  EXPECT_EQ(log_, "ba");
}

}  // namespace
}  // namespace phial
