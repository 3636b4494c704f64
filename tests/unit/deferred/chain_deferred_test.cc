// chainDeferred: one Deferred's result fires another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/deferred.h>
#include <phial/testing/deferred.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

using phial::testing::assertNoResult;
using phial::testing::failureResultOf;
using phial::testing::successResultOf;
using ::testing::ElementsAre;

class ChainDeferredTest : public ::testing::Test {
 protected:
  UnhandledErrors unhandled;
};

TEST_F(ChainDeferredTest, PassesTheValueOnAndThenFiresItself) {
  auto from = newDeferred<std::unique_ptr<int>>();
  auto to = newDeferred<std::unique_ptr<int>>();
  auto rest = chainDeferred(std::move(from.deferred), to.resolver);
  assertNoResult(to.deferred);
  from.resolver.callback(std::make_unique<int>(4));
  EXPECT_EQ(*successResultOf(std::move(to.deferred)), 4);
  successResultOf(std::move(rest));
}

TEST_F(ChainDeferredTest, ConvertsAndWorksForVoid) {
  auto wide = newDeferred<double>();
  chainDeferred(succeed(4), wide.resolver);
  EXPECT_EQ(successResultOf(std::move(wide.deferred)), 4.0);
  auto none = newDeferred<void>();
  chainDeferred(succeed(), none.resolver);
  successResultOf(std::move(none.deferred));
}

TEST_F(ChainDeferredTest, PassesTheFailureOnAndHandlesIt) {
  auto to = newDeferred<int>();
  auto rest = chainDeferred(fail<int>(std::range_error("x")), to.resolver);
  failureResultOf<std::range_error>(std::move(to.deferred));
  successResultOf(std::move(rest));
}

TEST_F(ChainDeferredTest, FailsWhenTheOtherHasFired) {
  auto to = newDeferred<int>();
  to.resolver.callback(1);
  failureResultOf<AlreadyCalledError>(chainDeferred(succeed(2), to.resolver));
  EXPECT_EQ(successResultOf(std::move(to.deferred)), 1);
}

TEST_F(ChainDeferredTest, CancellingTheOtherLeavesTheFirst) {
  int cancelled = 0;
  auto from = newDeferred<int>([&] { ++cancelled; });
  auto to = newDeferred<int>();
  auto rest = chainDeferred(std::move(from.deferred), to.resolver);
  to.deferred.cancel();
  failureResultOf<CancelledError>(std::move(to.deferred));
  EXPECT_EQ(cancelled, 0);
  from.resolver.callback(1);  // the one late result, which is swallowed
  successResultOf(std::move(rest));
}

}  // namespace
}  // namespace phial
