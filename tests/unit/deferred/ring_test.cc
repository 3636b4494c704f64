// A Deferred that would have to wait for itself fails with CircularWaitError, by whatever way the
// ring closes; nothing overflows the stack or spins.
#include <gtest/gtest.h>
#include <phial/master/clock.h>
#include <phial/master/deferred_list.h>
#include <phial/master/scope.h>

#include <chrono>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

Deferred<int> passOn(Deferred<int> d) { co_return co_await std::move(d); }

Deferred<int> number(Deferred<std::vector<int>> d) {
  return std::move(d).addCallback([](const std::vector<int>& all) { return all.at(0); });
}

class RingTest : public ::testing::Test {
 protected:
  // A Deferred that will wait for `whole` once `start` fires.
  Deferred<int> part() {
    return std::move(start.deferred).addCallback([this](int) { return std::move(whole); });
  }
  // Closes the ring, which `whole` is part of by now.
  void expectRefused() {
    std::string type;
    watched = std::move(whole).addTimeout(std::chrono::seconds(1), clock);
    whole = std::move(watched);
    Deferred<void> end;
    start.resolver.callback(1);
    clock.advance(std::chrono::seconds(2));
    const auto reports = unhandled.take();
    ASSERT_FALSE(reports.empty());
    for (const auto& report : reports) {
      EXPECT_NE(report.find("a callback returned a Deferred that waits for"), std::string::npos)
          << report;
    }
  }

  UnhandledErrors unhandled;
  ManualClock clock;
  NewDeferred<int> start = newDeferred<int>();
  Deferred<int> whole;
  Deferred<int> watched;
};

TEST_F(RingTest, ThroughGatherResults) {
  whole = number(gatherResults(part()));
  expectRefused();
}

TEST_F(RingTest, ThroughACoroutine) {
  whole = passOn(part());
  expectRefused();
}

TEST_F(RingTest, ThroughARace) {
  whole =
      race(part()).addCallback([](std::pair<std::size_t, int> winner) { return winner.second; });
  start.resolver.callback(1);
  auto failures = unhandled.take();
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0], "all 1 Deferreds failed");
}

TEST_F(RingTest, ThroughADeferredListGivesItsMemberTheFailure) {
  bool circular = false;
  whole = DeferredList(part()).addCallback([&](const DeferredListResult<int>& list) {
    circular = list.at(0).failure().check<CircularWaitError>();
    return 0;
  });
  start.resolver.callback(1);
  EXPECT_TRUE(circular);
  EXPECT_EQ(unhandled.take().size(), 1u) << "the list does not consume errors";
}

TEST_F(RingTest, ThroughManyOfAllKinds) {
  whole = part();
  for (int i = 0; i < 1000; ++i) {
    whole = i % 2 ? passOn(std::move(whole)) : number(gatherResults(std::move(whole)));
  }
  expectRefused();
}

TEST_F(RingTest, CoroutineThatAwaitsItsOwnDeferredGetsItThrown) {
  std::string caught;
  auto turn = newDeferred<void>();
  auto own = [&]() -> Deferred<int> {
    co_await std::move(turn.deferred);
    try {
      co_await std::move(whole);
    } catch (const CircularWaitError& error) {
      caught = error.what();
    }
    co_return 1;
  };
  whole = own();
  turn.resolver.callback();
  EXPECT_EQ(caught, "a coroutine awaits a Deferred that waits for the coroutine");
}

TEST_F(RingTest, CallbackThatGathersItsOwnContinuationFails) {
  bool circular = false;
  Deferred<int> own;
  own = std::move(start.deferred)
            .addCallback([&](int) { return number(gatherResults(std::move(own))); })
            .addErrback([&](const Failure& failure) {
              circular = failure.check<CircularWaitError>();
              return 0;
            });
  start.resolver.callback(1);
  EXPECT_TRUE(circular);
}

TEST_F(RingTest, ThroughATupleOfResults) {
  whole =
      gatherResults(part(), succeed()).addCallback([](const std::tuple<int, std::monostate>& t) {
        return std::get<0>(t);
      });
  expectRefused();
}

TEST_F(RingTest, ThroughAnOutcome) {
  std::string type;
  whole = part().outcome().addCallback([&](const Outcome<int>& outcome) {
    type = outcome.failure().type();
    return 0;
  });
  start.resolver.callback(1);
  EXPECT_EQ(type, "phial::CircularWaitError");
}

TEST_F(RingTest, ThroughAScope) {
  Scope scope;
  whole = scope.hold(part());
  expectRefused();
}

TEST_F(RingTest, CoroutineThatAwaitsAListWithItsOwnDeferredGetsItThrown) {
  int caught = 0;
  auto turn = newDeferred<void>();
  auto own = [&]() -> Deferred<int> {
    co_await std::move(turn.deferred);
    try {
      co_await gatherResults(std::move(whole), succeed());
    } catch (const CircularWaitError&) {
      ++caught;
    }
    co_return 1;
  };
  whole = own();
  turn.resolver.callback();
  EXPECT_EQ(caught, 1);
}

TEST_F(RingTest, CoroutineThatAwaitsACoroutineThatAwaitsItGetsItThrown) {
  std::vector<std::string> caught;
  auto turn = newDeferred<void>();
  Deferred<int> outer;
  auto inside = [&]() -> Deferred<int> {
    co_await std::move(turn.deferred);
    const Outcome<int> outcome = co_await std::move(outer).outcome();
    caught.push_back(outcome.failure().type());
    co_return 1;
  };
  outer = passOn(passOn(inside()));
  turn.resolver.callback();
  ASSERT_EQ(caught.size(), 1u);
  EXPECT_EQ(caught[0], "phial::CircularWaitError");
}

TEST_F(RingTest, ThroughAHundredThousandCoroutines) {
  constexpr int kDepth = 100'000;
  whole = part();
  for (int i = 0; i < kDepth; ++i) whole = passOn(std::move(whole));
  expectRefused();
}

TEST_F(RingTest, ThroughAHundredThousandLists) {
  constexpr int kDepth = 100'000;
  whole = part();
  for (int i = 0; i < kDepth; ++i) whole = number(gatherResults(std::move(whole)));
  expectRefused();
}

// It goes on when its callback's Deferred has failed: the failure ends what it awaits.
TEST_F(RingTest, CoroutineThatClosedARingReadsItsCapturesToItsEnd) {
  const std::string text = "a text that is too long for the buffer inside of a string";
  std::string read;
  whole = std::move(start.deferred).addCallback([this, text, &read](int) -> Deferred<int> {
    try {
      co_await std::move(whole);
    } catch (const CircularWaitError&) {
      read = text;
    }
    co_return 1;
  });
  whole = passOn(std::move(whole));
  start.resolver.callback(1);
  EXPECT_EQ(read, text);
}

TEST_F(RingTest, LongWaysThatAreNoRingsGoThrough) {
  auto inner = newDeferred<int>();
  whole = part();
  for (int i = 0; i < 1000; ++i) whole = passOn(std::move(whole));
  int seen = 0;
  auto d =
      std::exchange(whole, passOn(std::move(inner.deferred))).addCallback([&](int n) { seen = n; });
  start.resolver.callback(1);
  inner.resolver.callback(5);
  EXPECT_EQ(seen, 5);
}

}  // namespace
}  // namespace phial
