// Coroutines that work in steps.
#include <gtest/gtest.h>
#include <phial/master/cooperator.h>
#include <phial/master/generator.h>
#include <phial/testing/deferred.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace phial {
namespace {

using namespace std::chrono_literals;
using testing::assertNoResult;
using testing::failureResultOf;
using testing::successResultOf;

class GeneratorTest : public ::testing::Test {
 protected:
  void turn() { clock_.advance(0s); }

  ManualClock clock_;
  Cooperator cooperator_{clock_, {.steps = 1}};
};

Generator count(int& steps, int end) {
  while (steps < end) {
    ++steps;
    co_yield {};
  }
}

TEST_F(GeneratorTest, BeginsWithItsFirstStepAndYieldsToTheLoop) {
  int steps = 0;
  auto done = cooperator_.coiterate(count(steps, 2));
  EXPECT_EQ(steps, 0);
  turn();
  EXPECT_EQ(steps, 1);
  turn();
  EXPECT_EQ(steps, 2);
  assertNoResult(done);
  turn();
  successResultOf(std::move(done));
}

TEST_F(GeneratorTest, IsItselfAFunctionThatMakesAStep) {
  int steps = 0;
  Generator generator = count(steps, 1);
  auto first = generator();
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(*first) << "nothing to wait for";
  EXPECT_FALSE(generator().has_value());
  EXPECT_FALSE(generator().has_value()) << "at the end it stays";
}

Generator waits(Deferred<std::string> wait, std::string& log) {
  log += "1";
  co_yield std::move(wait).addCallback([&](const std::string& text) {
    log += text;
    return text;
  });
  log += "2";
}

TEST_F(GeneratorTest, WaitsForADeferredOfAnyType) {
  auto made = newDeferred<std::string>();
  std::string log;
  auto done = cooperator_.coiterate(waits(std::move(made.deferred), log));
  turn();
  turn();
  EXPECT_EQ(log, "1");
  made.resolver.callback("v");
  turn();
  EXPECT_EQ(log, "1v2");
  successResultOf(std::move(done));
}

TEST_F(GeneratorTest, AFailedDeferredDestroysItAtItsYield) {
  auto made = newDeferred<void>();
  auto witness = std::make_shared<int>();
  auto done = cooperator_.coiterate([&made, kept = witness]() -> Generator {
    const auto local = kept;
    co_yield std::move(made.deferred);
    ADD_FAILURE() << "it went on";
  });
  turn();
  EXPECT_EQ(witness.use_count(), 3);
  made.resolver.errback(std::runtime_error("no"));
  EXPECT_EQ(witness.use_count(), 1);
  failureResultOf(std::move(done));
}

TEST_F(GeneratorTest, ItsExceptionIsTheTasksFailure) {
  auto done = cooperator_.coiterate([]() -> Generator {
    co_yield {};
    throw std::runtime_error("half way");
  });
  turn();
  turn();
  EXPECT_EQ(failureResultOf(std::move(done)).message(), "half way");
}

TEST_F(GeneratorTest, ALambdasCapturesLiveAsLongAsItsCoroutine) {
  auto witness = std::make_shared<int>(0);
  auto done = cooperator_.coiterate([kept = witness]() -> Generator {
    for (int i = 0; i < 3; ++i) {
      ++*kept;
      co_yield {};
    }
  });
  for (int i = 0; i < 4; ++i) turn();
  successResultOf(std::move(done));
  EXPECT_EQ(*witness, 3);
  EXPECT_EQ(witness.use_count(), 1);
}

TEST_F(GeneratorTest, WhatAYieldOwnsIsDestroyedOnce) {
  auto witness = std::make_shared<int>();
  auto done = cooperator_.coiterate([&]() -> Generator {
    co_yield succeed(witness).addCallback([](std::shared_ptr<int> kept) { return kept; });
    co_yield succeed(witness);
    auto named = succeed().addCallback([kept = witness] {});  // see coroutine.h of g++ 12
    co_yield std::move(named);
  });
  for (int i = 0; i < 4; ++i) turn();
  successResultOf(std::move(done));
  EXPECT_EQ(witness.use_count(), 1);
}

TEST_F(GeneratorTest, DroppedBeforeItsFirstStepItDestroysItsArguments) {
  auto witness = std::make_shared<int>();
  const auto make = [](std::shared_ptr<int>) -> Generator { co_yield {}; };
  {
    const Generator generator = make(witness);
    EXPECT_EQ(witness.use_count(), 2);
  }
  EXPECT_EQ(witness.use_count(), 1);
}

}  // namespace
}  // namespace phial
