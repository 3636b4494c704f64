#include "master/cli/tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/errors.h>

#include <csignal>

namespace phial::cli {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(TallyTest, CountsHowJobsComeBack) {
  Tally tally;
  EXPECT_TRUE(tally.succeeded(tally.open()));
  EXPECT_TRUE(tally.failed(tally.open(), Failure(ProtocolError("half a frame"))));
  EXPECT_TRUE(tally.failed(tally.open(), Failure(CancelledError())));
  EXPECT_EQ(tally.submitted(), 3U);
  EXPECT_EQ(tally.succeeded(), 1U);
  EXPECT_EQ(tally.failed(), 1U);
  EXPECT_EQ(tally.cancelled(), 1U);
  EXPECT_EQ(tally.settled(), 3U);
  EXPECT_EQ(tally.inFlight(), 0U);
}

TEST(TallyTest, AJobThatDoesNotComeBackStaysInFlight) {
  Tally tally;
  tally.open();
  tally.succeeded(tally.open());
  EXPECT_EQ(tally.inFlight(), 1U);
}

TEST(TallyTest, AJobThatComesBackTwiceIsCountedOnce) {
  Tally tally;
  const auto job = tally.open();
  EXPECT_TRUE(tally.succeeded(job));
  EXPECT_FALSE(tally.succeeded(job));
  EXPECT_FALSE(tally.failed(job, Failure(ProtocolError("late"))));
  EXPECT_EQ(tally.settledTwice(), 2U);
  EXPECT_EQ(tally.succeeded(), 1U);
  EXPECT_EQ(tally.failed(), 0U);
}

TEST(TallyTest, TellsCausesApart) {
  Tally tally;
  DeathCertificate death;
  death.status = Signalled{SIGSEGV};
  tally.failed(tally.open(), Failure(WorkerDied(death)));
  tally.failed(tally.open(), Failure(WorkerDied(death)));
  tally.failed(tally.open(), Failure(std::domain_error("0")));
  EXPECT_THAT(tally.failedByCause(),
              ElementsAre(Pair("WorkerDied, killed by SIGSEGV", 2), Pair("std::domain_error", 1)));
}

}  // namespace
}  // namespace phial::cli
