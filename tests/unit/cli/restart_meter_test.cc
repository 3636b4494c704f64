#include "master/cli/restart_meter.h"

#include <gtest/gtest.h>

namespace phial::cli {
namespace {

using namespace std::chrono_literals;
using State = WorkerState;

class RestartMeterTest : public testing::Test {
 protected:
  static WorkerStatus worker(std::uint64_t number, State state, std::uint64_t served = 0) {
    return {.number = number, .pid = 1, .state = state, .jobsServed = served};
  }
  void look(std::vector<WorkerStatus> workers, Duration after) {
    meter_.look(workers, begin_ + after);
  }

  RestartMeter meter_;
  const TimePoint begin_{1h};
};

TEST_F(RestartMeterTest, FirstWorkersReplaceNobody) {
  look({worker(1, State::starting), worker(2, State::starting)}, 0ms);
  look({worker(1, State::idle), worker(2, State::busy)}, 5ms);
  EXPECT_EQ(meter_.times().count(), 0U);
}

TEST_F(RestartMeterTest, CountsFromTheSignalToTheReadyReplacement) {
  look({worker(1, State::idle)}, 0ms);
  meter_.killed(1, begin_ + 10ms);
  look({worker(2, State::starting)}, 12ms);
  EXPECT_EQ(meter_.times().count(), 0U);
  look({worker(2, State::idle)}, 15ms);
  ASSERT_EQ(meter_.times().count(), 1U);
  EXPECT_EQ(meter_.times().maxMs(), 5);
}

TEST_F(RestartMeterTest, CountsFromTheFirstLookThatMissesOne) {
  look({worker(1, State::busy)}, 0ms);
  look({worker(2, State::starting)}, 7ms);
  look({worker(2, State::busy)}, 10ms);
  ASSERT_EQ(meter_.times().count(), 1U);
  EXPECT_EQ(meter_.times().maxMs(), 3);
}

TEST_F(RestartMeterTest, OneThatNeverServedLeavesTheVacancyOpen) {
  look({worker(1, State::idle)}, 0ms);
  meter_.killed(1, begin_);
  look({worker(2, State::starting)}, 1ms);
  meter_.killed(2, begin_ + 2ms);
  look({worker(3, State::starting)}, 3ms);
  look({worker(3, State::idle)}, 9ms);
  ASSERT_EQ(meter_.times().count(), 1U);
  EXPECT_EQ(meter_.times().maxMs(), 9);
}

TEST_F(RestartMeterTest, ARetiredWorkerThatServedBetweenTwoLooksWasReady) {
  look({worker(1, State::idle)}, 0ms);
  look({worker(1, State::ending, 1)}, 1ms);
  look({worker(2, State::ending, 1)}, 4ms);
  ASSERT_EQ(meter_.times().count(), 1U);
  EXPECT_EQ(meter_.times().maxMs(), 3);
}

TEST_F(RestartMeterTest, ASignalSentTwiceIsOneDeath) {
  look({worker(1, State::idle), worker(2, State::idle)}, 0ms);
  meter_.killed(1, begin_ + 1ms);
  meter_.killed(1, begin_ + 2ms);
  look({worker(2, State::idle), worker(3, State::idle)}, 3ms);
  look({worker(2, State::idle), worker(3, State::idle), worker(4, State::idle)}, 4ms);
  EXPECT_EQ(meter_.times().count(), 1U);
}

}  // namespace
}  // namespace phial::cli
