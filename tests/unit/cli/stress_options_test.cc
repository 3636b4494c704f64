#include "master/cli/stress_options.h"

#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>

namespace phial::cli {
namespace {

using namespace std::chrono_literals;

TEST(ParseDurationTest, TakesANumberAndAUnit) {
  EXPECT_EQ(parseDuration("250us"), 250us);
  EXPECT_EQ(parseDuration("10ms"), 10ms);
  EXPECT_EQ(parseDuration("1.5s"), 1500ms);
  EXPECT_EQ(parseDuration("30"), 30s);
  EXPECT_EQ(parseDuration("2m"), 2min);
  EXPECT_EQ(parseDuration("1h"), 1h);
  EXPECT_EQ(parseDuration("0"), 0s);
}

TEST(ParseDurationTest, RefusesWhatIsNoTime) {
  for (const char* text : {"", "ms", "10x", "10 ms", "-1s", "1e99h", "nan", "inf", "0x", "1s2"}) {
    EXPECT_THROW(parseDuration(text), std::invalid_argument) << text;
  }
}

TEST(SignalOfTest, KnowsWhatCanBeDoneFromOutside) {
  EXPECT_EQ(signalOf(Fault::sigkill), SIGKILL);
  EXPECT_EQ(signalOf(Fault::stop), SIGSTOP);
  EXPECT_EQ(signalOf(Fault::halfFrame), std::nullopt);
}

}  // namespace
}  // namespace phial::cli
