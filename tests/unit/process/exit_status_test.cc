#include <gtest/gtest.h>
#include <phial/master/exit_status.h>

#include <csignal>

namespace phial {
namespace {

TEST(ExitStatusTest, DescribesHowItEnded) {
  EXPECT_EQ(describe(Exited{1}), "exited with status 1");
  EXPECT_EQ(describe(Signalled{SIGTERM, Signalled::Core::notDumped}), "killed by SIGTERM");
  EXPECT_EQ(describe(Signalled{SIGSEGV, Signalled::Core::dumped}),
            "killed by SIGSEGV (core dumped)");
  EXPECT_EQ(describe(Signalled{SIGRTMIN + 1, Signalled::Core::notDumped}),
            "killed by signal " + std::to_string(SIGRTMIN + 1));
  EXPECT_EQ(describe(StatusUnknown{}), "ended, status unknown");
}

}  // namespace
}  // namespace phial
