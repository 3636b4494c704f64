#include "master/worker/give_ups.h"

#include <gmock/gmock.h>
#include <phial/master/clock.h>

#include <string>
#include <vector>

#include "tests/unit/pool_worker/page_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Duration kGrace = seconds(2);

class GiveUpsTest : public PageFixture {
 protected:
  ~GiveUpsTest() noexcept override = default;
  GiveUpsTest() {
    send({1, 2});
    begin(1);
  }

  /// A job, or an element of it, is to give up within the grace.
  bool ask(std::uint64_t job, std::uint64_t element = 0) {
    return giveUps_.add({job, element, DeathCause::cancel, "why", clock_.now() + kGrace});
  }
  void takeOverdue() {
    while (const auto entry = giveUps_.nextOverdue(page_, heldBy_)) overdue_.push_back(entry->job);
  }

  ManualClock clock_;
  GiveUps::HeldBy heldBy_ = GiveUps::HeldBy::nobody;
  std::vector<std::uint64_t> overdue_;
  GiveUps giveUps_{clock_, kGrace, [this] { takeOverdue(); }};
};

TEST_F(GiveUpsTest, AJobThatStillRunsWhenItIsDueIsOverdueOnce) {
  EXPECT_TRUE(ask(1));
  clock_.advance(kGrace - seconds(1));
  EXPECT_THAT(overdue_, IsEmpty());
  clock_.advance(seconds(1));
  EXPECT_THAT(overdue_, ElementsAre(1));
  clock_.advance(10 * kGrace);
  EXPECT_THAT(overdue_, ElementsAre(1));
  EXPECT_TRUE(giveUps_.empty());
}

TEST_F(GiveUpsTest, WhenAskedTwiceTheFirstTimeCounts) {
  EXPECT_TRUE(ask(1));
  clock_.advance(seconds(1));
  EXPECT_FALSE(ask(1));
  EXPECT_TRUE(ask(1, 7)) << "an element of it is asked for itself";
  clock_.advance(seconds(1));
  EXPECT_THAT(overdue_, ElementsAre(1));
}

TEST_F(GiveUpsTest, AJobThatIsAnsweredIsNotOverdue) {
  ask(1);
  EXPECT_TRUE(giveUps_.forget(1));
  EXPECT_FALSE(giveUps_.forget(1));
  EXPECT_EQ(clock_.pending(), 0U);
  clock_.advance(2 * kGrace);
  EXPECT_THAT(overdue_, IsEmpty());
}

TEST_F(GiveUpsTest, AJobThatIsOverWhenALateTimerFiresIsDropped) {
  ask(1);
  deliver(1);
  clock_.advance(kGrace);
  EXPECT_THAT(overdue_, IsEmpty());
  EXPECT_TRUE(giveUps_.empty());
}

TEST_F(GiveUpsTest, AnElementThatItsJobHasLeftIsDropped) {
  worker().element = 3;
  ask(1, 3);
  worker().element = 4;
  clock_.advance(kGrace);
  EXPECT_THAT(overdue_, IsEmpty());
  ask(1, 4);
  clock_.advance(kGrace);
  EXPECT_THAT(overdue_, ElementsAre(1));
}

TEST_F(GiveUpsTest, AJobThatHasReturnedGetsOneMoreGraceForItsAnswer) {
  ask(1);
  worker().phase = Phase::encoding;
  clock_.advance(kGrace);
  EXPECT_THAT(overdue_, IsEmpty());
  clock_.advance(kGrace);
  EXPECT_THAT(overdue_, ElementsAre(1)) << "its result cannot be written";
}

TEST_F(GiveUpsTest, ADebuggerIsWaitedForAsLongAsItHoldsTheWorker) {
  heldBy_ = GiveUps::HeldBy::debugger;
  ask(1);
  clock_.advance(5 * kGrace);
  EXPECT_THAT(overdue_, IsEmpty());
  heldBy_ = GiveUps::HeldBy::nobody;
  clock_.advance(kGrace);
  EXPECT_THAT(overdue_, ElementsAre(1));
}

TEST_F(GiveUpsTest, OneTimerServesAllEntriesInTheOrderOfTheirTimes) {
  giveUps_.add({1, 2, DeathCause::softTimeout, "", clock_.now() + seconds(5)});
  giveUps_.add({1, 0, DeathCause::cancel, "", clock_.now() + seconds(3)});
  worker().element = 2;
  EXPECT_EQ(clock_.pending(), 1U);
  EXPECT_TRUE(giveUps_.hasWhole(1));
  clock_.advance(seconds(3));
  EXPECT_EQ(overdue_.size(), 1U);
  EXPECT_FALSE(giveUps_.hasWhole(1));
  clock_.advance(seconds(2));
  EXPECT_EQ(overdue_.size(), 2U);
}

TEST_F(GiveUpsTest, NothingIsDueOnceItIsStopped) {
  ask(1);
  giveUps_.stop();
  clock_.advance(2 * kGrace);
  EXPECT_THAT(overdue_, IsEmpty());
}

}  // namespace
}  // namespace phial::detail
