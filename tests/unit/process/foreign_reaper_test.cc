// A host program that waits for every child, or ignores SIGCHLD: the status is lost, nothing hangs.
#include <csignal>

#include "tests/unit/process/process_fixture.h"

namespace phial {
namespace {

void reapAll(int) {
  const int before = errno;
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  errno = before;
}

class ForeignReaperTest : public ProcessFixture {
 protected:
  void SetUp() override { sigaction(SIGCHLD, nullptr, &before_); }
  void TearDown() override {
    sigaction(SIGCHLD, &before_, nullptr);
    ProcessFixture::TearDown();
  }
  struct sigaction before_;
};

TEST_F(ForeignReaperTest, AHandlerThatWaitsForEveryChildTakesTheStatus) {
  signal(SIGCHLD, reapAll);
  EXPECT_EQ(run(shell("exit 3")), ExitStatus(StatusUnknown{}));
}

TEST_F(ForeignReaperTest, IgnoredSigchldLeavesNoStatus) {
  signal(SIGCHLD, SIG_IGN);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run(shell("exit 3")), ExitStatus(StatusUnknown{}));
}

TEST_F(ForeignReaperTest, AFailedSpawnIsStillReported) {
  signal(SIGCHLD, SIG_IGN);
  SpawnOptions options;
  options.executable = "/nonexistent";
  EXPECT_THROW(reactor_->spawnProcess(options), SpawnError);
  signal(SIGCHLD, reapAll);
  EXPECT_THROW(reactor_->spawnProcess(options), SpawnError);
}

TEST_F(ForeignReaperTest, SignalsDoNotReachAChildThatTheHostHasReaped) {
  SpawnOptions options = shell("exit 0");
  options.processGroup = ProcessGroup::ownKilledAtExit;
  Process process = reactor_->spawnProcess(options);
  ASSERT_EQ(waitpid(process.pid(), nullptr, 0), process.pid());
  EXPECT_FALSE(process.kill(SIGKILL));
  EXPECT_FALSE(process.killGroup(SIGKILL));
  EXPECT_EQ(runToExit(process), ExitStatus(StatusUnknown{}));
}

TEST_F(ForeignReaperTest, TheHostsOtherChildrenAreLeftToIt) {
  const pid_t hosts = fork();
  ASSERT_GE(hosts, 0);
  if (hosts == 0) _exit(9);
  EXPECT_EQ(run(shell("exit 3")), ExitStatus(Exited{3}));
  int status = 0;
  EXPECT_EQ(waitpid(hosts, &status, 0), hosts);
  EXPECT_EQ(WEXITSTATUS(status), 9);
}

}  // namespace
}  // namespace phial
