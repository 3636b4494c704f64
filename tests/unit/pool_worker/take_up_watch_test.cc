#include "master/worker/take_up_watch.h"

#include <gmock/gmock.h>

#include <vector>

namespace phial::detail {
namespace {

using Finding = TakeUpWatch::Finding;
using State = TakeUpWatch::State;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Duration kPatience = seconds(30);

// The test says how the worker stands; the watch looks whenever its timer fires.
class TakeUpWatchTest : public testing::Test {
 protected:
  ~TakeUpWatchTest() noexcept override = default;

  void sendBatch() {
    ++seen_.batch;
    sentAt_ = clock_.now();
    if (!watch_.active()) watch_.begin(seen_);
  }

  ManualClock clock_;
  TakeUpWatch::Progress seen_;
  State state_ = State::waiting;
  TimePoint sentAt_{};
  std::vector<Finding> found_;
  TakeUpWatch watch_{clock_, kPatience, [this] {
                       if (!watch_.inTime(sentAt_, seen_))
                         found_.push_back(watch_.look(state_, seen_));
                     }};
};

TEST_F(TakeUpWatchTest, AWorkerThatTakesNothingUpHangs) {
  sendBatch();
  clock_.advance(kPatience - seconds(1));
  EXPECT_THAT(found_, IsEmpty());
  clock_.advance(seconds(1));
  EXPECT_THAT(found_, ElementsAre(Finding::notTakenUp));
  EXPECT_FALSE(watch_.active());
}

TEST_F(TakeUpWatchTest, ABatchHasItsOwnTimeWhenTheTimerIsThatOfAnEarlierOne) {
  sendBatch();
  clock_.advance(seconds(20));
  sendBatch();
  clock_.advance(seconds(29));
  EXPECT_THAT(found_, IsEmpty());
  clock_.advance(seconds(1));
  EXPECT_THAT(found_, ElementsAre(Finding::notTakenUp));
}

TEST_F(TakeUpWatchTest, ALargeRequestMayBeUnderWayAsLongAsTheWorkerReads) {
  sendBatch();
  for (int i = 0; i < 3; ++i) {
    ++seen_.bytesSent;
    clock_.advance(kPatience);
  }
  EXPECT_THAT(found_, ElementsAre(Finding::nothing, Finding::nothing, Finding::nothing));
  clock_.advance(kPatience);
  EXPECT_EQ(found_.back(), Finding::notTakenUp);
}

TEST_F(TakeUpWatchTest, AJobThatRunsIsLeftAlone) {
  sendBatch();
  seen_.begun = 1;
  state_ = State::atWork;
  clock_.advance(3 * kPatience);
  EXPECT_THAT(found_, ElementsAre(Finding::nothing, Finding::nothing, Finding::nothing));
  EXPECT_TRUE(watch_.active());
}

TEST_F(TakeUpWatchTest, AStopIsSaidOnceAndThenLasts) {
  sendBatch();
  state_ = State::atWorkAndStopped;
  clock_.advance(3 * kPatience);
  EXPECT_THAT(found_, ElementsAre(Finding::stopped, Finding::stillStopped, Finding::stillStopped));
  found_.clear();
  state_ = State::atWork;
  clock_.advance(kPatience);
  state_ = State::atWorkAndStopped;
  clock_.advance(kPatience);
  EXPECT_THAT(found_, ElementsAre(Finding::nothing, Finding::stopped)) << "a new one is said anew";
}

}  // namespace
}  // namespace phial::detail
