#include "master/cli/restart_meter.h"

#include <gtest/gtest.h>

namespace phial::cli {
namespace {

using namespace std::chrono_literals;

class RestartMeterTest : public testing::Test {
 protected:
  void ready(std::uint64_t worker) { meter_.workerReady({.number = worker}); }
  void died(std::uint64_t worker) {
    DeathCertificate death;
    death.worker = worker;
    meter_.workerDied(death);
  }

  ManualClock clock_;
  RestartMeter meter_{clock_, 1};
};

TEST_F(RestartMeterTest, FirstWorkersReplaceNobody) {
  ready(1);
  EXPECT_EQ(meter_.restarts(), 0U);
  EXPECT_EQ(meter_.times().count(), 0U);
}

TEST_F(RestartMeterTest, CountsFromTheSignalToTheReadyReplacement) {
  ready(1);
  meter_.killed(1);
  clock_.advance(1ms);
  died(1);
  EXPECT_EQ(meter_.restarts(), 0U);
  clock_.advance(4ms);
  ready(2);
  EXPECT_EQ(meter_.restarts(), 1U);
  EXPECT_EQ(meter_.times().max(), 5ms);
}

TEST_F(RestartMeterTest, CountsFromTheDeathWhenThereWasNoSignal) {
  ready(1);
  clock_.advance(7ms);
  died(1);
  clock_.advance(3ms);
  ready(2);
  EXPECT_EQ(meter_.times().max(), 3ms);
}

TEST_F(RestartMeterTest, OneThatWasNeverReadyLeavesTheVacancyOpen) {
  ready(1);
  died(1);
  clock_.advance(2ms);
  meter_.killed(2);
  died(2);
  clock_.advance(7ms);
  ready(3);
  EXPECT_EQ(meter_.restarts(), 1U);
  EXPECT_EQ(meter_.times().max(), 9ms);
}

TEST_F(RestartMeterTest, TheFirstOfTwoSignalsCounts) {
  ready(1);
  meter_.killed(1);
  clock_.advance(1ms);
  meter_.killed(1);
  died(1);
  ready(2);
  EXPECT_EQ(meter_.restarts(), 1U);
  EXPECT_EQ(meter_.times().max(), 1ms);
}

TEST_F(RestartMeterTest, ASpareThatWasReadyBeforeLeavesNoVacancy) {
  ready(1);
  ready(2);
  died(1);
  clock_.advance(1h);
  ready(3);
  EXPECT_EQ(meter_.restarts(), 2U);
  EXPECT_EQ(meter_.times().count(), 0U);
}

}  // namespace
}  // namespace phial::cli
