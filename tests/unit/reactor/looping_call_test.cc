#include <gtest/gtest.h>
#include <phial/master/reactor.h>
#include <phial/master/tasks.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace phial {
namespace {

using namespace std::chrono_literals;

class LoopingCallTest : public ::testing::Test {
 protected:
  ManualClock clock_;
  int calls_ = 0;
};

TEST_F(LoopingCallTest, CallsAtOnceAndThenAtEachInterval) {
  LoopingCall loop(clock_, [&] { ++calls_; });
  const auto done = loop.start(10ms);
  EXPECT_EQ(calls_, 1);
  clock_.advance(9ms);
  EXPECT_EQ(calls_, 1);
  clock_.advance(1ms);
  EXPECT_EQ(calls_, 2);
  clock_.advance(30ms);
  EXPECT_EQ(calls_, 5);
}

TEST_F(LoopingCallTest, MayBeginAfterTheFirstInterval) {
  LoopingCall loop(clock_, [&] { ++calls_; });
  const auto done = loop.start(10ms, LoopingCall::First::afterInterval);
  EXPECT_EQ(calls_, 0);
  clock_.advance(10ms);
  EXPECT_EQ(calls_, 1);
}

TEST_F(LoopingCallTest, SkipsAndCountsMissedBeatsAndKeepsTheRhythm) {
  std::vector<std::int64_t> beats;
  std::optional<Resolver<void>> working;
  LoopingCall loop(clock_, [&](std::int64_t n) -> Deferred<void> {
    beats.push_back(n);
    if (beats.size() != 2) return succeed();
    auto made = newDeferred<void>();
    working = made.resolver;
    return std::move(made.deferred);
  });
  const auto done = loop.start(10ms);
  clock_.advance(10ms);
  clock_.advance(35ms);  // the second call takes until 45 ms
  EXPECT_EQ(beats, (std::vector<std::int64_t>{1, 1}));
  working->callback();
  clock_.advance(4ms);
  EXPECT_EQ(beats.size(), 2U);
  clock_.advance(1ms);  // at 50 ms, not at 55
  EXPECT_EQ(beats, (std::vector<std::int64_t>{1, 1, 4}));
}

TEST_F(LoopingCallTest, StopFiresTheDeferredAndEndsTheCalls) {
  LoopingCall loop(clock_, [&] { ++calls_; });
  bool fired = false;
  const auto done = loop.start(10ms).addCallback([&] { fired = true; });
  EXPECT_TRUE(loop.running());
  loop.stop();
  EXPECT_TRUE(fired);
  EXPECT_FALSE(loop.running());
  EXPECT_EQ(clock_.pending(), 0U);
  loop.stop();
}

TEST_F(LoopingCallTest, StopInsideTheCallMakesItTheLast) {
  std::optional<LoopingCall> loop;
  loop.emplace(clock_, [&] {
    if (++calls_ == 2) loop->stop();
  });
  const auto done = loop->start(10ms);
  clock_.advance(50ms);
  EXPECT_EQ(calls_, 2);
}

TEST_F(LoopingCallTest, StartedAnewInsideTheCallBeatsOnce) {
  std::optional<LoopingCall> loop;
  Deferred<void> second;
  loop.emplace(clock_, [&] {
    if (++calls_ != 2) return;
    loop->stop();
    second = loop->start(20ms, LoopingCall::First::afterInterval);
  });
  const auto first = loop->start(10ms);
  clock_.advance(10ms);
  EXPECT_EQ(clock_.pending(), 1U);
  clock_.advance(40ms);
  EXPECT_EQ(calls_, 4);
}

TEST_F(LoopingCallTest, AThrowEndsItThroughTheDeferred) {
  LoopingCall loop(clock_, [&] {
    if (++calls_ == 2) throw std::runtime_error("beat");
  });
  std::string message;
  const auto done = loop.start(10ms).addErrback([&](const Failure& f) { message = f.message(); });
  clock_.advance(50ms);
  EXPECT_EQ(message, "beat");
  EXPECT_EQ(calls_, 2);
  EXPECT_FALSE(loop.running());
}

// A call that is waited for: its Resolver, and the Deferred of start().
class PendingLoopingCallTest : public LoopingCallTest {
 protected:
  PendingLoopingCallTest() {
    previous_ = setUnhandledErrorHook(
        [this](const Failure& failure) { unhandled_.push_back(failure.message()); });
    loop_.emplace(clock_, [this]() -> Deferred<void> {
      ++calls_;
      auto made = newDeferred<void>();
      call_ = made.resolver;
      return std::move(made.deferred);
    });
  }
  ~PendingLoopingCallTest() override { setUnhandledErrorHook(previous_); }

  Deferred<void> start() {
    return loop_->start(10ms).addBoth([this](const Outcome<void>& outcome) {
      end_ = outcome.ok() ? "ok" : outcome.failure().message();
    });
  }

  UnhandledErrorHook previous_;
  std::vector<std::string> unhandled_;
  std::optional<LoopingCall> loop_;
  std::optional<Resolver<void>> call_;
  std::string end_;
};

TEST_F(PendingLoopingCallTest, StoppedItEndsWithTheCall) {
  const auto done = start();
  loop_->stop();
  EXPECT_FALSE(loop_->running());
  EXPECT_EQ(end_, "") << "the call has not ended";
  call_->callback();
  EXPECT_EQ(end_, "ok");
  clock_.advance(1h);
  EXPECT_EQ(calls_, 1);
}

TEST_F(PendingLoopingCallTest, AFailureAfterStopReachesTheDeferred) {
  const auto done = start();
  loop_->stop();
  call_->errback(std::runtime_error("after stop"));
  EXPECT_EQ(end_, "after stop");
  EXPECT_TRUE(unhandled_.empty());
}

TEST_F(PendingLoopingCallTest, StartedAnewTheOldCallFailsTheOldDeferred) {
  const auto first = start();
  const Resolver<void> old = *call_;
  loop_->stop();
  bool second = false;
  const auto done = loop_->start(10ms).addBoth([&](const Outcome<void>&) { second = true; });
  old.errback(std::runtime_error("the old one"));
  EXPECT_EQ(end_, "the old one");
  EXPECT_FALSE(second);
  EXPECT_TRUE(loop_->running());
}

TEST_F(PendingLoopingCallTest, AFailureThatNobodyWaitsForIsReportedAsUnhandled) {
  const auto done = start();
  done.cancel();
  call_->errback(std::runtime_error("after cancel"));
  EXPECT_EQ(unhandled_, std::vector<std::string>{"after cancel"});
  const auto again = loop_->start(10ms);
  loop_.reset();
  call_->errback(std::runtime_error("after the end"));
  EXPECT_EQ(unhandled_.back(), "after the end");
}

TEST_F(LoopingCallTest, AnIntervalWithoutEndBeatsOnce) {
  clock_.advance(1s);
  LoopingCall loop(clock_, [&] { ++calls_; });
  const auto done = loop.start(Duration::max());
  clock_.advance(1ms);
  clock_.advance(24h * 365 * 100);
  EXPECT_EQ(calls_, 1);
}

TEST_F(LoopingCallTest, CancellingTheDeferredStops) {
  LoopingCall loop(clock_, [&] { ++calls_; });
  const auto done = loop.start(10ms).addErrback([](const Failure& f) { f.trap<CancelledError>(); });
  done.cancel();
  EXPECT_FALSE(loop.running());
  clock_.advance(50ms);
  EXPECT_EQ(calls_, 1);
}

TEST_F(LoopingCallTest, DestroyingItEndsTheCalls) {
  {
    LoopingCall loop(clock_, [&] { ++calls_; });
    const auto done = loop.start(10ms);
  }
  clock_.advance(50ms);
  EXPECT_EQ(calls_, 1);
}

TEST_F(LoopingCallTest, MayBeDestroyedInItsOwnCall) {
  std::optional<LoopingCall> loop;
  loop.emplace(clock_, [&] {
    if (++calls_ == 2) loop.reset();
  });
  const auto done = loop->start(10ms);
  clock_.advance(50ms);
  EXPECT_EQ(calls_, 2);
}

TEST_F(LoopingCallTest, RefusesASecondStartAndANegativeInterval) {
  LoopingCall loop(clock_, [&] { ++calls_; });
  EXPECT_THROW((void)loop.start(-1ms), std::logic_error);
  const auto done = loop.start(10ms);
  EXPECT_THROW((void)loop.start(10ms), std::logic_error);
}

TEST(LoopingCallOnReactorTest, AnIntervalOfZeroIsEveryTurn) {
  Reactor reactor;
  std::optional<LoopingCall> loop;
  int calls = 0;
  loop.emplace(reactor, [&] {
    if (++calls < 100) return;
    loop->stop();
    reactor.stop();
  });
  const auto done = loop->start(0s);
  reactor.run();
  EXPECT_EQ(calls, 100);
}

}  // namespace
}  // namespace phial
