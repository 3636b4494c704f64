#include <fcntl.h>
#include <gtest/gtest.h>
#include <phial/master/reactor.h>
#include <unistd.h>

#include <memory>
#include <string>

namespace phial {
namespace {

using namespace std::chrono_literals;

class CallLaterTest : public ::testing::Test {
 protected:
  void runFor(Duration time) {
    reactor_.callLater(time, [this] { reactor_.stop(); });
    reactor_.run();
  }
  auto append(char c) {
    return [this, c] { log_ += c; };
  }

  Reactor reactor_;
  std::string log_;
};

TEST_F(CallLaterTest, RunsInOrderOfTimeThenOfAsking) {
  DelayedCall last = reactor_.callLater(1h, append('e'));
  DelayedCall third = reactor_.callLater(1h, append('c'));
  reactor_.callLater(0s, append('a'));
  reactor_.callLater(-1h, append('b'));
  third.reset(1ms);
  reactor_.callLater(1ms, append('d'));
  last.reset(1ms);
  runFor(2ms);
  EXPECT_EQ(log_, "abcde");
}

TEST_F(CallLaterTest, NeverIsNotAtOnce) {
  reactor_.callLater(Duration::max(), append('a'));
  DelayedCall reset = reactor_.callLater(1h, append('b'));
  EXPECT_TRUE(reset.reset(Duration::max()));
  DelayedCall delayed = reactor_.callLater(1h, append('c'));
  EXPECT_TRUE(delayed.delay(Duration::max()));
  EXPECT_TRUE(delayed.delay(Duration::max()));
  runFor(1ms);
  EXPECT_EQ(log_, "");
  // Back from the end of time, and beyond its beginning.
  EXPECT_TRUE(delayed.delay(Duration::min()));
  EXPECT_TRUE(delayed.delay(Duration::min()));
  runFor(1ms);
  EXPECT_EQ(log_, "c");
}

TEST_F(CallLaterTest, NeverRunsEarly) {
  const TimePoint asked = reactor_.now();
  Duration waited{};
  reactor_.callLater(1500us, [&] {
    waited = reactor_.now() - asked;
    reactor_.stop();
  });
  reactor_.run();
  EXPECT_GE(waited, 1500us);
}

TEST_F(CallLaterTest, ZeroDelayInsideACallWaitsForTheNextTurnSoThatInputIsSeen) {
  int pipe[2];
  ASSERT_EQ(pipe2(pipe, O_CLOEXEC | O_NONBLOCK), 0);
  auto reader = reactor_.addReader(pipe[0], [&] { reactor_.stop(); });
  ASSERT_EQ(write(pipe[1], "x", 1), 1);
  std::function<void()> again = [&] { reactor_.callLater(0s, again); };
  again();
  reactor_.run();  // without end if the calls followed each other in one turn
  reader.stop();
  close(pipe[0]);
  close(pipe[1]);
}

TEST_F(CallLaterTest, CallsMadeInsideADueOneRunAfterAllThatWereDue) {
  reactor_.callLater(0s, [this] {
    log_ += 'a';
    reactor_.callLater(0s, append('c'));
  });
  reactor_.callLater(0s, append('b'));
  runFor(1ms);
  EXPECT_EQ(log_, "abc");
}

TEST_F(CallLaterTest, CancelDropsTheCallAndWhatItCaptured) {
  auto witness = std::make_shared<int>();
  DelayedCall call = reactor_.callLater(1ms, [this, witness] { log_ += 'x'; });
  EXPECT_TRUE(call.active());
  EXPECT_TRUE(call.cancel());
  EXPECT_EQ(witness.use_count(), 1);
  EXPECT_FALSE(call.active());
  EXPECT_FALSE(call.cancel());
  runFor(3ms);
  EXPECT_EQ(log_, "");
}

TEST_F(CallLaterTest, DroppingTheHandleDoesNotCancel) {
  {
    const DelayedCall dropped = reactor_.callLater(0s, append('a'));
  }
  runFor(1ms);
  EXPECT_EQ(log_, "a");
}

TEST_F(CallLaterTest, ADueCallCanCancelAnotherOfTheSameTurn) {
  DelayedCall second;
  reactor_.callLater(0s, [&] {
    log_ += 'a';
    EXPECT_TRUE(second.cancel());
  });
  second = reactor_.callLater(0s, append('b'));
  runFor(1ms);
  EXPECT_EQ(log_, "a");
}

TEST_F(CallLaterTest, ADueCallCanPostponeAnotherOfTheSameTurn) {
  DelayedCall second;
  reactor_.callLater(0s, [&] {
    log_ += 'a';
    EXPECT_TRUE(second.reset(0s));
  });
  second = reactor_.callLater(0s, append('c'));
  reactor_.callLater(0s, append('b'));
  runFor(1ms);
  EXPECT_EQ(log_, "abc");
}

TEST_F(CallLaterTest, IsInactiveInsideItself) {
  DelayedCall call;
  call = reactor_.callLater(0s, [&] {
    EXPECT_FALSE(call.active());
    EXPECT_FALSE(call.cancel());
    EXPECT_FALSE(call.reset(0s));
    EXPECT_FALSE(call.delay(1s));
    log_ += 'a';
  });
  runFor(1ms);
  EXPECT_EQ(log_, "a");
}

TEST_F(CallLaterTest, ResetMovesBothWays) {
  DelayedCall sooner = reactor_.callLater(1h, append('a'));
  DelayedCall later = reactor_.callLater(0s, append('b'));
  EXPECT_TRUE(sooner.reset(1ms));
  EXPECT_TRUE(later.reset(2ms));
  runFor(4ms);
  EXPECT_EQ(log_, "ab");
  EXPECT_FALSE(sooner.active());
}

TEST_F(CallLaterTest, DelayAddsToTheTimeThatWasSet) {
  DelayedCall call = reactor_.callLater(0s, append('x'));
  EXPECT_TRUE(call.delay(1h));
  runFor(1ms);
  EXPECT_TRUE(call.active());
  EXPECT_TRUE(call.delay(-1h));
  runFor(1ms);
  EXPECT_EQ(log_, "x");
}

TEST_F(CallLaterTest, TheLongestDelayDoesNotWrapAround) {
  const DelayedCall call = reactor_.callLater(Duration::max(), append('x'));
  runFor(2ms);
  EXPECT_EQ(log_, "");
  EXPECT_TRUE(call.active());
}

TEST_F(CallLaterTest, WhatACancelledCallCapturedMayUseTheReactor) {
  std::shared_ptr<int> captured(new int, [&](int* p) {
    delete p;
    reactor_.callLater(0s, append('a'));
  });
  DelayedCall call = reactor_.callLater(1h, [captured] {});
  captured.reset();
  EXPECT_TRUE(call.cancel());
  runFor(1ms);
  EXPECT_EQ(log_, "a");
}

TEST(CallLaterLifeTest, AHandleThatOutlivesItsReactorIsInert) {
  DelayedCall call;
  {
    Reactor reactor;
    call = reactor.callLater(1h, [] {});
  }
  EXPECT_FALSE(call.active());
  EXPECT_FALSE(call.reset(1s));
}

}  // namespace
}  // namespace phial
