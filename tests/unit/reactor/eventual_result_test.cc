#include <gmock/gmock.h>
#include <phial/master/eventual_result.h>
#include <phial/master/reactor_thread.h>
#include <phial/master/tasks.h>

#include <any>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "tests/support/unhandled_errors.h"

namespace phial {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EventualResultTest : public ::testing::Test {
 protected:
  /// When everything that was posted before has been done.
  void passTheLoop() {
    loop_.waitFor(1min, [] {});
  }
  /// A Deferred that the test fires, by fire_ on the loop's thread.
  auto pending() {
    return [this] {
      auto made = newDeferred<std::string>();
      fire_ = made.resolver;
      return std::move(made.deferred);
    };
  }
  /// A Deferred without a result, which notes that it was cancelled.
  Deferred<void> never(bool& cancelled) {
    return deferLater(loop_.reactor(), 1h, [] {}).addErrback([&](const Failure& failure) {
      cancelled = failure.check<CancelledError>();
      return failure;
    });
  }
  void fire(std::string value) {
    loop_.waitFor(1min, [&] { fire_.callback(std::move(value)); });
  }

  Resolver<std::string> fire_;
  const UnhandledErrors errors_;
  ReactorThread loop_;

  ~EventualResultTest() override {
    // A Resolver is the loop's.
    loop_.waitFor(1min, [this] { Resolver<std::string>(std::move(fire_)); });
  }
};

TEST_F(EventualResultTest, WaitGivesTheSameResultAgain) {
  const auto result = loop_.runInReactor([] { return std::string("shorn"); });
  EXPECT_EQ(result.wait(), "shorn");
  EXPECT_EQ(result.wait(1min), "shorn");
}

TEST_F(EventualResultTest, AValueThatOnlyMovesIsGivenAway) {
  EXPECT_EQ(*loop_.runInReactor([] { return std::make_unique<int>(4); }).wait(), 4);
  auto kept = loop_.runInReactor([] { return std::make_unique<int>(5); });
  EXPECT_EQ(*kept.wait(), 5);
  EXPECT_EQ(*std::move(kept).wait(), 5);
}

TEST_F(EventualResultTest, AfterATimeoutItMayBeWaitedForAgain) {
  const auto result = loop_.runInReactor(pending());
  EXPECT_THROW(result.wait(0s), TimeoutError);
  EXPECT_THROW(result.wait(1ms), TimeoutError);
  fire("late");
  EXPECT_EQ(result.wait(), "late");
}

TEST_F(EventualResultTest, ThrowsTheSameExceptionAgain) {
  const auto result = loop_.runInReactor([]() -> int { throw std::range_error("too far"); });
  EXPECT_THROW(result.wait(), std::range_error);
  EXPECT_THROW(result.wait(), std::range_error);
  EXPECT_EQ(result.originalFailure().value().message(), "too far");
}

TEST_F(EventualResultTest, HasNoFailureBeforeTheResultAndInASuccess) {
  const auto result = loop_.runInReactor(pending());
  EXPECT_FALSE(result.originalFailure());
  fire("fine");
  EXPECT_EQ(result.wait(), "fine");
  EXPECT_FALSE(result.originalFailure());
}

TEST_F(EventualResultTest, OnTheLoopsThreadWaitingIsRefusedAtOnce) {
  const auto result = loop_.runInReactor(pending());
  const auto refusal = loop_.waitFor(1min, [&]() -> std::string {
    try {
      result.wait();
      return "it was not refused";
    } catch (const std::logic_error& error) {
      return error.what();
    }
  });
  EXPECT_THAT(refusal, HasSubstr("EventualResult::wait"));
}

TEST_F(EventualResultTest, CancelReachesTheDeferred) {
  bool cancelled = false;
  const auto result = loop_.runInReactor([&] { return never(cancelled); });
  passTheLoop();
  result.cancel();
  EXPECT_THROW(result.wait(), CancelledError);
  EXPECT_TRUE(cancelled);
}

TEST_F(EventualResultTest, ACancelledFunctionThatWasNotCalledNeverIs) {
  Reactor idle;
  bool ran = false;
  const auto result = runInReactor(idle, [&] { ran = true; });
  result.cancel();
  std::jthread([&] { EXPECT_THROW(result.wait(), CancelledError); }).join();
  idle.callLater(0s, [&] { idle.stop(); });
  idle.run();
  EXPECT_FALSE(ran);
}

TEST_F(EventualResultTest, AFailureThatNobodyAskedForIsReportedWhenItIsDropped) {
  {
    const auto result = loop_.runInReactor([] { throw std::runtime_error("unheard"); });
    passTheLoop();
    EXPECT_TRUE(errors_.messages().empty());
  }
  EXPECT_THAT(errors_.messages(), ElementsAre("unheard"));
}

TEST_F(EventualResultTest, SoIsOneThatComesAfterTheDrop) {
  static_cast<void>(loop_.runInReactor([] { throw std::runtime_error("unheard"); }));
  passTheLoop();
  passTheLoop();
  EXPECT_THAT(errors_.messages(), ElementsAre("unheard"));
}

TEST_F(EventualResultTest, AFailureThatWasAskedForIsNotReported) {
  {
    const auto waited = loop_.runInReactor([] { throw std::runtime_error("heard"); });
    EXPECT_THROW(waited.wait(), std::runtime_error);
    const auto looked = loop_.runInReactor([] { throw std::runtime_error("seen"); });
    passTheLoop();
    EXPECT_TRUE(looked.originalFailure());
    const auto cancelled = loop_.runInReactor(pending());
    cancelled.cancel();
    passTheLoop();
  }
  EXPECT_TRUE(errors_.messages().empty());
}

TEST_F(EventualResultTest, AStashedResultIsRetrievedOnce) {
  const auto number = loop_.runInReactor([] { return 17; }).stash();
  EXPECT_EQ(loop_.retrieve<int>(number).wait(), 17);
  EXPECT_THROW(static_cast<void>(loop_.retrieve<int>(number)), std::out_of_range);
}

TEST_F(EventualResultTest, AStashedResultOfAnotherTypeIsRefused) {
  const auto number = loop_.runInReactor([] { return 17; }).stash();
  EXPECT_THROW(static_cast<void>(loop_.retrieve<std::string>(number)), std::bad_any_cast);
}

TEST_F(EventualResultTest, AStashedFailureIsReportedAtTheReactorsEnd) {
  {
    ReactorThread other;
    other.runInReactor([] { throw std::runtime_error("forgotten"); }).stash();
    other.waitFor(1min, [] {});
  }
  EXPECT_THAT(errors_.messages(), ElementsAre("forgotten"));
}

TEST_F(EventualResultTest, TheEndOfAReactorEndsTheWaitForIt) {
  auto idle = std::make_unique<Reactor>();
  auto result = runInReactor(*idle, [] { return 1; });
  std::promise<void> waiting;
  std::jthread thread([&] {
    waiting.set_value();
    EXPECT_THROW(result.wait(), ReactorStopped);
  });
  waiting.get_future().get();
  idle.reset();
  thread.join();
  std::jthread([&] { EXPECT_THROW(result.wait(), ReactorStopped); }).join();
}

TEST_F(EventualResultTest, AResultOutlivesItsReactor) {
  auto loop = std::make_unique<ReactorThread>();
  const auto result = loop->runInReactor([] { return 1; });
  const auto pendingResult =
      loop->runInReactor([&] { return deferLater(loop->reactor(), 1h, [] {}); });
  EXPECT_EQ(result.wait(), 1);
  loop->waitFor(1min, [] {});
  loop.reset();
  EXPECT_EQ(result.wait(), 1);
  EXPECT_THROW(pendingResult.wait(), ReactorStopped);
  pendingResult.cancel();
}

TEST_F(EventualResultTest, WaitForCancelsWhatIsNotThereInTime) {
  bool cancelled = false;
  EXPECT_THROW(loop_.waitFor(50ms, [&] { return never(cancelled); }), TimeoutError);
  passTheLoop();
  EXPECT_TRUE(cancelled);
}

}  // namespace
}  // namespace phial
