#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/react.h>
#include <phial/master/tasks.h>

#include <stdexcept>

namespace phial {
namespace {

TEST(ReactTest, RunsTheLoopUntilTheStatusIsThere) {
  Reactor reactor;
  EXPECT_EQ(
      react(reactor, "test", deferLater(reactor, std::chrono::milliseconds(1), [] { return 7; })),
      7);
  EXPECT_FALSE(reactor.running());
}

TEST(ReactTest, AStatusThatIsThereAlreadyEndsIt) {
  Reactor reactor;
  EXPECT_EQ(react(reactor, "test", succeed(3)), 3);
}

TEST(ReactTest, AFailureIsALineAndStatusOne) {
  Reactor reactor;
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(react(reactor, "test", fail<int>(std::runtime_error("no luck"))), 1);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "test: no luck\n");
}

}  // namespace
}  // namespace phial
