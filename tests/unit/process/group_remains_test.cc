#include "master/process/group_remains.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace phial::detail {
namespace {

TEST(GroupRemainsTest, OnlyTheGroupIsReaped) {
  const pid_t stranger = ::fork();
  if (stranger == 0) ::_exit(7);
  const pid_t member = ::fork();
  if (member == 0) {
    ::setpgid(0, 0);
    for (;;) ::pause();
  }
  ::setpgid(member, member);
  EXPECT_TRUE(reapGroup(member)) << "it runs";
  ::kill(member, SIGKILL);
  waitForGroup(member);
  EXPECT_FALSE(reapGroup(member));
  int status = 0;
  EXPECT_EQ(::waitpid(stranger, &status, 0), stranger);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

}  // namespace
}  // namespace phial::detail
