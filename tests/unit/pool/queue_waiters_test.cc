#include "master/pool/queue_waiters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/protocol/error.h>

#include <string>
#include <vector>

namespace phial::detail {
namespace {

using ::testing::ElementsAre;

class QueueWaitersTest : public ::testing::Test {
 protected:
  Deferred<void> wait(std::size_t limit, const std::string& name) {
    return waiters_.wait(limit).addCallback([this, name] { told_.push_back(name); });
  }

  QueueWaiters waiters_;
  std::vector<std::string> told_;
};

TEST_F(QueueWaitersTest, TellsOneAtATimeWhoHasWaitedLongestOfThoseWhomTheLengthIsFor) {
  const auto a = wait(2, "low");
  const auto b = wait(10, "high");
  const auto c = wait(10, "high too");
  EXPECT_FALSE(waiters_.ready(10));
  EXPECT_FALSE(waiters_.deliverNext(10));
  EXPECT_TRUE(waiters_.ready(9));
  EXPECT_TRUE(waiters_.deliverNext(9));
  EXPECT_THAT(told_, ElementsAre("high"));
  EXPECT_TRUE(waiters_.deliverNext(1));
  EXPECT_TRUE(waiters_.deliverNext(1));
  EXPECT_THAT(told_, ElementsAre("high", "low", "high too"));
  EXPECT_FALSE(waiters_.deliverNext(0));
}

TEST_F(QueueWaitersTest, OneWhoHasCancelledIsForgotten) {
  auto a =
      wait(1, "a").addErrback([](const Failure& f) { EXPECT_TRUE(f.check<CancelledError>()); });
  const auto b = wait(1, "b");
  a.cancel();
  EXPECT_TRUE(waiters_.deliverNext(0));
  EXPECT_THAT(told_, ElementsAre("b"));
  EXPECT_FALSE(waiters_.ready(0));
}

TEST_F(QueueWaitersTest, OneWhoCancelsWhileTheFailureIsOnItsWayGetsTheCancellation) {
  SettlementQueue settlements;
  std::string type;
  auto a = waiters_.wait(1).addErrback([&](const Failure& f) { type = f.type(); });
  waiters_.failAll(Failure(PoolStopped("stopped")), settlements);
  a.cancel();
  while (!settlements.empty()) settlements.deliverNext();
  EXPECT_EQ(type, "phial::CancelledError");
  EXPECT_FALSE(waiters_.ready(0));
}

}  // namespace
}  // namespace phial::detail
