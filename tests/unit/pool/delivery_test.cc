#include "master/pool/delivery.h"

#include <string>

#include "tests/unit/pool/parts_fixture.h"

namespace phial::detail {
namespace {

using ::testing::ElementsAre;

class DeliveryTest : public ::testing::Test {
 protected:
  void notify(std::string note) {
    delivery_.settlements().notify([this, note = std::move(note)] { notes_.push_back(note); });
  }
  void wait(std::size_t limit, std::string note) {
    delivery_.waiters().wait(limit).addBoth(
        [this, note = std::move(note)](Outcome<void>) { notes_.push_back(note); });
  }
  void deliver() { delivery_.deliver(reactor_.now() + std::chrono::hours(1), ledger_); }

  Reactor reactor_;
  Ledger ledger_;
  Delivery delivery_{reactor_};
  std::vector<std::string> notes_;
};

TEST_F(DeliveryTest, DecisionsComeInTheirOrderAndThoseWhoWaitForRoomAfterThem) {
  wait(1, "room");
  notify("first");
  notify("second");
  EXPECT_TRUE(delivery_.ready(0));
  deliver();
  EXPECT_THAT(notes_, ElementsAre("first", "second", "room"));
  EXPECT_FALSE(delivery_.ready(0));
}

TEST_F(DeliveryTest, NobodyIsLetInWhoseLimitTheQueueReachedMeanwhile) {
  wait(1, "first");
  wait(1, "second");
  delivery_.settlements().notify([this] { ledger_.enter(Ledger::Column::queued); });
  deliver();
  EXPECT_THAT(notes_, ElementsAre());
  EXPECT_FALSE(delivery_.ready(1));
}

TEST_F(DeliveryTest, AfterItsSliceTheRestIsLeft) {
  notify("first");
  notify("second");
  delivery_.deliver(reactor_.now(), ledger_);
  EXPECT_THAT(notes_, ElementsAre("first"));
  EXPECT_TRUE(delivery_.ready(0));
  delivery_.deliverAll();
  EXPECT_THAT(notes_, ElementsAre("first", "second"));
}

}  // namespace
}  // namespace phial::detail
