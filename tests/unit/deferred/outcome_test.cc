// Deferred::outcome: a result as a value, for a coroutine that must go on after a failure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/clock.h>
#include <phial/master/deferred.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

class OutcomeTest : public ::testing::Test {
 protected:
  UnhandledErrors unhandled;
};

// "<n>", or the type of the failure, after having awaited something else.
Deferred<std::string> tell(Deferred<int> d, Deferred<void> undone) {
  const Outcome<int> outcome = co_await std::move(d).outcome();
  if (!outcome.ok()) {
    co_await std::move(undone);
    co_return outcome.failure().type();
  }
  co_return std::to_string(outcome.value());
}

TEST_F(OutcomeTest, CoroutineGetsAValueThatIsThereOrComesLater) {
  std::string seen;
  const auto add = [&](const std::string& text) { seen += text; };
  tell(succeed(1), succeed()).addCallback(add);
  auto made = newDeferred<int>();
  tell(std::move(made.deferred), succeed()).addCallback(add);
  made.resolver.callback(2);
  EXPECT_EQ(seen, "12");
}

TEST_F(OutcomeTest, CoroutineAwaitsSomethingElseAfterAFailure) {
  std::string seen;
  auto made = newDeferred<int>();
  auto undone = newDeferred<void>();
  tell(std::move(made.deferred), std::move(undone.deferred)).addCallback([&](std::string text) {
    seen = std::move(text);
  });
  made.resolver.errback(std::range_error("x"));
  EXPECT_EQ(seen, "");
  undone.resolver.callback();
  EXPECT_EQ(seen, "std::range_error");
}

TEST_F(OutcomeTest, OfVoidAndOfMoveOnly) {
  bool failed = false;
  int value = 0;
  auto run = [&]() -> Deferred<void> {
    const Outcome<void> none = co_await fail<void>(std::range_error("x")).outcome();
    failed = !none.ok();
    Outcome<std::unique_ptr<int>> owned = co_await succeed(std::make_unique<int>(3)).outcome();
    value = *owned.value();
  };
  auto d = run();
  EXPECT_TRUE(failed);
  EXPECT_EQ(value, 3);
}

TEST_F(OutcomeTest, CancellingTheCoroutineArrivesAsAnOutcome) {
  int cancelled = 0;
  std::string seen;
  auto made = newDeferred<int>([&] { ++cancelled; });
  auto d = tell(std::move(made.deferred), succeed()).addCallback([&](const std::string& s) {
    seen = s;
  });
  d.cancel();
  EXPECT_EQ(cancelled, 1);
  EXPECT_EQ(seen, "phial::CancelledError");
}

TEST_F(OutcomeTest, AsADeferredItIsCancelledAndGivesItsCallbacksTheOutcome) {
  int cancelled = 0;
  std::string seen;
  auto made = newDeferred<int>([&] { ++cancelled; });
  Deferred<Outcome<int>> d = std::move(made.deferred).outcome();
  auto end = std::move(d).addCallback(
      [&](const Outcome<int>& outcome) { seen = outcome.failure().type(); });
  end.cancel();
  EXPECT_EQ(cancelled, 1);
  EXPECT_EQ(seen, "phial::CancelledError");
}

TEST_F(OutcomeTest, DroppedFailureCountsAsHandled) {
  auto made = newDeferred<int>();
  std::move(made.deferred).outcome();
  made.resolver.errback(std::runtime_error("nobody hears of it"));
}

TEST_F(OutcomeTest, TimeoutBeforeItIsATimeoutError) {
  ManualClock clock;
  std::string seen;
  auto made = newDeferred<int>();
  tell(std::move(made.deferred).addTimeout(std::chrono::seconds(1), clock), succeed())
      .addCallback([&](const std::string& text) { seen = text; });
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(seen, "phial::TimeoutError");
}

TEST_F(OutcomeTest, CallbackThatReturnsTheOutcomeUnwrapsIt) {
  std::string seen;
  fail<int>(std::range_error("x"))
      .outcome()
      .addCallback([](Outcome<int> outcome) { return outcome; })
      .addErrback([&](const Failure& failure) {
        seen = failure.type();
        return 0;
      });
  EXPECT_EQ(seen, "std::range_error");
}

// Throws when it is moved for the `left`-th time.
struct Explosive {
  explicit Explosive(int moves) : left(moves) {}
  Explosive(Explosive&& other) : left(other.left - 1) {
    if (left <= 0) throw std::range_error("moved");
  }
  int left;
};

TEST_F(OutcomeTest, NeverThrowsThoughMovingTheValueDoes) {
  int failures = 0;
  auto run = [&](int moves) -> Deferred<void> {
    auto made = newDeferred<Explosive>();
    made.resolver.callback(Explosive(moves));
    try {
      const Outcome<Explosive> outcome = co_await std::move(made.deferred).outcome();
      if (!outcome.ok() && outcome.failure().check<std::range_error>()) ++failures;
    } catch (const std::exception&) {
      ADD_FAILURE() << "thrown with " << moves << " moves";
    }
  };
  for (int moves = 2; moves < 20; ++moves) run(moves);
  EXPECT_GT(failures, 0);
  EXPECT_LT(failures, 18) << "some must arrive";
}

TEST_F(OutcomeTest, RingArrivesAsAnOutcome) {
  bool circular = false;
  auto turn = newDeferred<void>();
  Deferred<int> whole;
  auto own = [&]() -> Deferred<int> {
    co_await std::move(turn.deferred);
    const Outcome<int> outcome = co_await std::move(whole).outcome();
    circular = outcome.failure().check<CircularWaitError>();
    co_return 1;
  };
  whole = own();
  turn.resolver.callback();
  EXPECT_TRUE(circular);
}

}  // namespace
}  // namespace phial
