#include "master/pool/pending_work.h"

#include <gtest/gtest.h>

#include <memory>

namespace phial::detail {
namespace {

class PendingWorkTest : public ::testing::Test {
 protected:
  void turn() {
    reactor_.callLater(Duration::zero(), [this] { reactor_.stop(); });
    reactor_.run();
  }

  Reactor reactor_;
  int finished_ = 0;
  std::unique_ptr<PendingWork> pending_ =
      std::make_unique<PendingWork>(reactor_, [this] { ++finished_; });
};

TEST_F(PendingWorkTest, WhatIsPutOffIsDoneOnce) {
  pending_->finishSoon();
  pending_->finishSoon();
  EXPECT_EQ(finished_, 0) << "never inside the call";
  turn();
  EXPECT_EQ(finished_, 1);
  turn();
  EXPECT_EQ(finished_, 1);
}

TEST_F(PendingWorkTest, ItCanBePutOffAgainFromWithin) {
  pending_ = std::make_unique<PendingWork>(reactor_, [this] {
    if (++finished_ < 3) pending_->finishNextTurn();
  });
  pending_->finishSoon();
  for (int i = 0; i < 4; ++i) turn();
  EXPECT_EQ(finished_, 3);
}

TEST_F(PendingWorkTest, ItContinuesUntilTheNextTurn) {
  pending_->finishNextTurn();
  EXPECT_TRUE(pending_->continuing());
  pending_->finish();
  EXPECT_TRUE(pending_->continuing()) << "an event in between";
  turn();
  EXPECT_FALSE(pending_->continuing());
  EXPECT_EQ(finished_, 2);
}

TEST_F(PendingWorkTest, NothingIsDoneWhenThePoolHasGone) {
  pending_->finishSoon();
  pending_->finishNextTurn();
  pending_.reset();
  turn();
  EXPECT_EQ(finished_, 0);
}

}  // namespace
}  // namespace phial::detail
