// <phial/testing/deferred.h>: what a user's test asks of a Deferred.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/testing/deferred.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

using phial::testing::assertNoResult;
using phial::testing::failureResultOf;
using phial::testing::NoResult;
using phial::testing::successResultOf;
using phial::testing::WrongResult;
using ::testing::AllOf;
using ::testing::HasSubstr;

template <class E>
std::string thrownBy(const std::function<void()>& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  return "nothing";
}

class ResultsOfTest : public ::testing::Test {
 protected:
  UnhandledErrors unhandled;
};

TEST_F(ResultsOfTest, GiveValueAndFailure) {
  EXPECT_EQ(*successResultOf(succeed(std::make_unique<int>(3))), 3);
  successResultOf(succeed());
  auto d = fail<int>(std::range_error("x"));
  EXPECT_EQ((failureResultOf<std::logic_error, std::range_error>(std::move(d)).message()), "x");
  EXPECT_FALSE(d);
  EXPECT_EQ(failureResultOf(fail<void>(std::range_error("y"))).message(), "y");
}

TEST_F(ResultsOfTest, PendingDeferredIsNoResultAndStaysUntouched) {
  auto made = newDeferred<int>();
  const auto text = thrownBy<NoResult>([&] { successResultOf(std::move(made.deferred)); });
  EXPECT_THAT(text, AllOf(HasSubstr("expected a value"), HasSubstr("has not been fired")));
  EXPECT_THAT(thrownBy<NoResult>([&] { failureResultOf(std::move(made.deferred)); }),
              HasSubstr("expected a failure"));
  made.resolver.callback(2);
  EXPECT_EQ(successResultOf(std::move(made.deferred)), 2);
}

TEST_F(ResultsOfTest, PausedDeferredIsToldFromAnUnfiredOne) {
  auto inner = newDeferred<int>();
  auto outer = newDeferred<void>();
  auto d = std::move(outer.deferred).addCallback([&] { return std::move(inner.deferred); });
  outer.resolver.callback();
  EXPECT_THAT(thrownBy<NoResult>([&] { successResultOf(std::move(d)); }),
              HasSubstr("waits for a Deferred that a callback has returned"));
}

TEST_F(ResultsOfTest, WrongResultSaysWhatWasFound) {
  EXPECT_THAT(
      thrownBy<WrongResult>([] { successResultOf(fail<int>(std::range_error("details"))); }),
      AllOf(HasSubstr("std::range_error"), HasSubstr("details")));
  EXPECT_THAT(thrownBy<WrongResult>([] { failureResultOf(succeed(1)); }),
              HasSubstr("found a value"));
  EXPECT_THAT(thrownBy<WrongResult>(
                  [] { failureResultOf<std::logic_error>(fail<int>(std::range_error("other"))); }),
              AllOf(HasSubstr("another type"), HasSubstr("std::range_error")));
}

TEST_F(ResultsOfTest, AssertNoResultLeavesTheDeferredAlone) {
  auto made = newDeferred<int>();
  assertNoResult(made.deferred);
  made.resolver.callback(3);
  EXPECT_THAT(thrownBy<WrongResult>([&] { assertNoResult(made.deferred); }),
              HasSubstr("found a value"));
  EXPECT_EQ(successResultOf(std::move(made.deferred)), 3);
  auto failed = fail<int>(std::range_error("x"));
  EXPECT_THAT(thrownBy<WrongResult>([&] { assertNoResult(failed); }), HasSubstr("range_error"));
  failureResultOf(std::move(failed));
}

}  // namespace
}  // namespace phial
