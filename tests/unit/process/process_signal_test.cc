#include <fcntl.h>

#include <csignal>
#include <stdexcept>

#include "tests/unit/process/process_fixture.h"

namespace phial {
namespace {

class ProcessSignalTest : public ProcessFixture {
 protected:
  // A leader with a child that both hold the pipe's end; returns once both run.
  static SpawnOptions family(ProcessGroup group) {
    SpawnOptions options = shell("sleep 1000 & echo; read line");
    options.descriptors[0] = PipeToChild{};
    options.descriptors[1] = PipeFromChild{};
    options.processGroup = group;
    return options;
  }
};

TEST_F(ProcessSignalTest, KillSendsTheSignal) {
  Process process = reactor_->spawnProcess(shell("exec sleep 1000"));
  EXPECT_TRUE(process.kill(SIGINT));
  EXPECT_EQ(runToExit(process), ExitStatus(Signalled{SIGINT, Signalled::Core::notDumped}));
  EXPECT_FALSE(process.kill(SIGINT));
}

TEST_F(ProcessSignalTest, KillGroupReachesDescendants) {
  Process process = reactor_->spawnProcess(family(ProcessGroup::own));
  EXPECT_EQ(getpgid(process.pid()), process.pid());
  const kj::AutoCloseFd out = process.takePipe(1);
  pollfd wait{out, POLLIN, 0};
  poll(&wait, 1, -1);
  EXPECT_TRUE(process.killGroup(SIGKILL));
  EXPECT_EQ(readToEnd(out), "\n");  // the end comes when both are gone
  runToExit(process);
  EXPECT_FALSE(process.killGroup(SIGKILL));
}

TEST_F(ProcessSignalTest, TheRestOfTheGroupIsKilledAtExitWhenAskedFor) {
  Process process = reactor_->spawnProcess(family(ProcessGroup::ownKilledAtExit));
  const kj::AutoCloseFd out = process.takePipe(1);
  process.takePipe(0) = nullptr;  // the leader reads the end, and exits
  runToExit(process);
  EXPECT_EQ(readToEnd(out), "\n");
}

TEST_F(ProcessSignalTest, DroppingTheProcessKillsItsGroup) {
  kj::AutoCloseFd out;
  {
    Process process = reactor_->spawnProcess(family(ProcessGroup::own));
    out = process.takePipe(1);
    pollfd wait{out, POLLIN, 0};
    poll(&wait, 1, -1);
  }
  EXPECT_EQ(readToEnd(out), "\n");
}

TEST_F(ProcessSignalTest, KillGroupNeedsAGroupOfItsOwn) {
  Process process = reactor_->spawnProcess(shell("exec sleep 1000"));
  EXPECT_EQ(getpgid(process.pid()), getpgrp());
  EXPECT_THROW(process.killGroup(SIGTERM), std::logic_error);
}

// A middle process spawns a grandchild that holds a pipe, says so, and is killed. The pipe's end
// comes only when the grandchild is gone too.
TEST_F(ProcessSignalTest, AChildDiesWithItsSpawner) {
  int held[2];
  int ready[2];
  ASSERT_EQ(pipe2(held, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(ready, O_CLOEXEC), 0);
  reactor_.reset();  // the middle process makes its own
  const pid_t middle = fork();
  ASSERT_GE(middle, 0);
  if (middle == 0) {
    Reactor reactor;
    SpawnOptions options = shell("exec sleep 1000");
    options.descriptors[5] = InheritedFd{held[1]};
    options.onSpawnerDeath = OnSpawnerDeath::die;
    const Process process = reactor.spawnProcess(options);
    [[maybe_unused]] const auto n = write(ready[1], "x", 1);
    for (;;) pause();
  }
  close(held[1]);
  close(ready[1]);
  char c;
  EXPECT_EQ(read(ready[0], &c, 1), 1);
  kill(middle, SIGKILL);
  waitpid(middle, nullptr, 0);
  EXPECT_EQ(readToEnd(held[0]), "");
  close(held[0]);
  close(ready[0]);
}

}  // namespace
}  // namespace phial
