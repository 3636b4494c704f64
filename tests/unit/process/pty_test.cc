// A child on a pseudo-terminal, and children of other users.
#include <csignal>

#include "tests/unit/process/protocol_fixture.h"

namespace phial {
namespace {

class PtyTest : public ProtocolFixture {
 protected:
  static ProcessSpawnOptions onTerminal(Pty size = {}) {
    ProcessSpawnOptions options;
    options.pty = size;
    return options;
  }
};

TEST_F(PtyTest, TheChildHasATerminalOfTheSizeThatWasAskedFor) {
  const auto child = spawn("test -t 0 && test -t 1 && test -t 2 && echo yes; stty size",
                           onTerminal({.rows = 33, .columns = 101}));
  runToEnd(child);
  EXPECT_EQ(child->data[1], "yes\r\n33 101\r\n");
  EXPECT_TRUE(child->endReason->check<ProcessDone>());
  EXPECT_EQ(child->events.back(), "ended");
}

TEST_F(PtyTest, TheTerminalControlsASessionOfTheChildsOwn) {
  const auto child =
      spawn("echo $$ $(ps -o sid= -p $$) $(ps -o tpgid= -p $$); echo tty >/dev/tty", onTerminal());
  runToEnd(child);
  const auto pid = std::to_string(child->transport().pid());
  EXPECT_EQ(child->data[1], pid + " " + pid + " " + pid + "\r\ntty\r\n");
}

TEST_F(PtyTest, WhatIsWrittenIsReadAndEchoed) {
  const auto child = spawn("read x; echo \"got $x\"", onTerminal());
  child->transport().write("hello\n");
  runToEnd(child);
  EXPECT_EQ(child->data[1], "hello\r\ngot hello\r\n");
}

TEST_F(PtyTest, CtrlCReachesTheForegroundProcess) {
  const auto child = spawn("echo ready; exec sleep 1000", onTerminal());
  runToText(child, 1, "ready");
  child->transport().write("\x03");
  runToEnd(child);
  EXPECT_EQ(child->endReason->as<ProcessExit>()->signal(), SIGINT);
}

TEST_F(PtyTest, ANewSizeIsToldBySigwinch) {
  const auto child = spawn(
      "trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.01; done", onTerminal());
  runToText(child, 1, "ready");
  child->transport().setWindowSize({.rows = 50, .columns = 160});
  runToEnd(child);
  EXPECT_EQ(child->data[1], "ready\r\n50 160\r\n");
}

TEST_F(PtyTest, LosingTheConnectionHangsUp) {
  const auto child = spawn("echo ready; exec sleep 1000", onTerminal());
  runToText(child, 1, "ready");
  child->transport().loseConnection();
  runToEnd(child);
  EXPECT_EQ(child->endReason->as<ProcessExit>()->signal(), SIGHUP);
}

TEST_F(PtyTest, AKilledChildEndsWhileBytesWait) {
  const auto child = spawn("stty raw -echo; echo ready; exec sleep 1000", onTerminal());
  runToText(child, 1, "ready");
  EXPECT_GT(child->transport().write(std::string(1U << 20U, 'x')), 0U);
  child->transport().signalProcess("KILL");
  runToEnd(child);
  EXPECT_EQ(child->endReason->as<ProcessExit>()->signal(), SIGKILL);
}

TEST_F(PtyTest, FurtherDescriptorsMayBePipes) {
  auto options = onTerminal();
  options.childFds[3] = PipeFromChild{};
  const auto child = spawn("echo terminal; echo pipe >&3", std::move(options));
  runToEnd(child);
  EXPECT_EQ(child->data[1], "terminal\r\n");
  EXPECT_EQ(child->data[3], "pipe\n");
  EXPECT_THROW(spawn("exit 0")->transport().setWindowSize({}), std::logic_error);
}

TEST_F(PtyTest, TheSpawnersOwnTerminalIsNotChanged) {
  const pid_t session = getsid(0);
  runToEnd(spawn("exit 0", onTerminal()));
  EXPECT_EQ(getsid(0), session);
}

class ProcessUserTest : public ProtocolFixture {
 protected:
  static constexpr uid_t kNobody = 65534;

  static ProcessSpawnOptions asNobody() {
    ProcessSpawnOptions options;
    options.uid = kNobody;
    options.gid = kNobody;
    options.directory = "/";
    return options;
  }
};

TEST_F(ProcessUserTest, RunsAsTheUserWithoutSupplementaryGroupsWhenRoot) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto child = spawn("id -u; id -ru; id -G", asNobody());
  runToEnd(child);
  EXPECT_EQ(child->data[1], "65534\n65534\n65534\n");
}

TEST_F(ProcessUserTest, ATerminalBelongsToTheUserWhenRoot) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  auto options = asNobody();
  options.pty = Pty{};
  const auto child = spawn("stat -L -c %u /proc/self/fd/0", std::move(options));
  runToEnd(child);
  EXPECT_EQ(child->data[1], "65534\r\n");
}

TEST_F(ProcessUserTest, AChildOfAnotherUserCannotComeBack) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto child = spawn("cat /etc/shadow", asNobody());
  runToEnd(child);
  EXPECT_EQ(child->data[1], "");
  EXPECT_FALSE(child->endReason->check<ProcessDone>());
}

// In a copy of this process, which gives up the privilege.
TEST_F(ProcessUserTest, WithoutThePrivilegeNothingRuns) {
  const pid_t copy = fork();
  ASSERT_GE(copy, 0);
  if (copy == 0) {
    if (geteuid() == 0 && setresuid(kNobody, kNobody, kNobody) != 0) _exit(2);
    Reactor reactor;
    ProcessSpawnOptions options;
    options.uid = 0;
    const auto protocol = std::make_shared<RecordingProtocol>();
    try {
      reactor.spawnProcess(protocol, "/bin/true", {}, options);
    } catch (const SpawnError& e) {
      _exit(e.step() == "setgroups" && e.code() == EPERM && protocol->events.empty() ? 0 : 3);
    }
    _exit(4);
  }
  int status = 0;
  ASSERT_EQ(waitpid(copy, &status, 0), copy);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace phial
