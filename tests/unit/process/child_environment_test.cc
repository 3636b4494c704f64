// What a child finds: descriptors, variables, directory, signals, arguments, niceness.
#include <fcntl.h>

#include <csignal>
#include <cstdlib>

#include "tests/unit/process/process_fixture.h"

namespace phial {
namespace {

class ChildEnvironmentTest : public ProcessFixture {
 protected:
  // The shell's own list: a glob opens one descriptor for the directory, which is gone when the
  // names are tested.
  static constexpr auto kListDescriptors =
      "for f in /proc/$$/fd/*; do [ -e $f ] && printf '%s ' ${f##*/}; done";
};

TEST_F(ChildEnvironmentTest, HasTheDescriptorsAsMappedAndNoOther) {
  const kj::AutoCloseFd leak(open("/dev/zero", O_RDONLY));  // not close-on-exec
  const kj::AutoCloseFd given(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  SpawnOptions options = shell(kListDescriptors);
  options.descriptors = {{3, PipeToChild{}}, {4, PipeFromChild{}}, {7, InheritedFd{given.get()}}};
  EXPECT_EQ(outputOf(options), "0 1 2 3 4 7 ");
}

TEST_F(ChildEnvironmentTest, UnnamedStandardDescriptorsAreDevNull) {
  SpawnOptions options = shell("readlink /proc/$$/fd/0 /proc/$$/fd/2");
  options.descriptors = {};
  EXPECT_EQ(outputOf(options), "/dev/null\n/dev/null\n");
}

TEST_F(ChildEnvironmentTest, SourcesAndTargetsMayCollide) {
  // Two descriptors that change places, and one that stays where it is.
  const kj::AutoCloseFd a(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  const kj::AutoCloseFd b(open("/dev/full", O_RDONLY | O_CLOEXEC));
  const kj::AutoCloseFd c(open("/dev/tty", O_PATH | O_CLOEXEC));
  const auto fd = [](int n) { return " /proc/$$/fd/" + std::to_string(n); };
  SpawnOptions options = shell("readlink" + fd(a.get()) + fd(b.get()) + fd(c.get()));
  options.descriptors = {{a.get(), InheritedFd{b.get()}},
                         {b.get(), InheritedFd{a.get()}},
                         {c.get(), InheritedFd{c.get()}}};
  EXPECT_EQ(outputOf(options), "/dev/full\n/dev/zero\n/dev/tty\n");
}

TEST_F(ChildEnvironmentTest, PipesCarryBothWaysAndOnlyOurEndsAreNonBlocking) {
  SpawnOptions options = shell("cat <&3 >&4; grep flags: /proc/$$/fdinfo/3 /proc/$$/fdinfo/4 >&4");
  options.descriptors = {{3, PipeToChild{}}, {4, PipeFromChild{}}, {2, InheritedFd{2}}};
  Process process = reactor_->spawnProcess(options);
  kj::AutoCloseFd in = process.takePipe(3);
  const kj::AutoCloseFd out = process.takePipe(4);
  for (const int fd : {in.get(), out.get()}) {
    EXPECT_TRUE(fcntl(fd, F_GETFL) & O_NONBLOCK);
    EXPECT_TRUE(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  }
  ASSERT_EQ(write(in, "hello\n", 6), 6);
  in = nullptr;
  EXPECT_EQ(readToEnd(out), "hello\n/proc/" + std::to_string(process.pid()) +
                                "/fdinfo/3:flags:\t00\n" + "/proc/" +
                                std::to_string(process.pid()) + "/fdinfo/4:flags:\t01\n");
  EXPECT_EQ(runToExit(process), ExitStatus(Exited{0}));
  EXPECT_THROW(process.takePipe(3), std::invalid_argument);
}

TEST_F(ChildEnvironmentTest, InheritsVariablesWithChanges) {
  setenv("PHIAL_KEPT", "kept", 1);
  setenv("PHIAL_REMOVED", "removed", 1);
  SpawnOptions options = shell("echo $PHIAL_KEPT,${PHIAL_REMOVED-none},$PHIAL_ADDED");
  options.environment.changes = {{"PHIAL_REMOVED", std::nullopt}, {"PHIAL_ADDED", "added"}};
  EXPECT_EQ(outputOf(options), "kept,none,added\n");
  unsetenv("PHIAL_KEPT");
  unsetenv("PHIAL_REMOVED");
}

TEST_F(ChildEnvironmentTest, HasExactlyTheVariablesGiven) {
  SpawnOptions options;
  options.executable = "env";  // found in our PATH, not in the child's
  options.environment = {Environment::Base::empty, {{"A", "1"}, {"B", ""}}};
  EXPECT_EQ(outputOf(options), "A=1\nB=\n");
}

TEST_F(ChildEnvironmentTest, StartsInItsDirectory) {
  SpawnOptions options = shell("pwd -P");
  options.directory = "/usr";
  EXPECT_EQ(outputOf(options), "/usr\n");
}

TEST_F(ChildEnvironmentTest, HasItsArgumentsAndName) {
  SpawnOptions options = shell("printf '[%s]' \"$0\" \"$@\"");
  options.args.insert(options.args.end(), {"zero", "with space", "", "*"});
  EXPECT_EQ(outputOf(options), "[zero][with space][][*]");
  options = shell("tr '\\0' ' ' < /proc/$$/cmdline | cut -d ' ' -f 1");
  options.argv0 = "another-name";
  EXPECT_EQ(outputOf(options), "another-name\n");
}

TEST_F(ChildEnvironmentTest, HasDefaultSignalsAndAnEmptyMask) {
  const auto ignoredBefore = signal(SIGINT, SIG_IGN);
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);

  SpawnOptions options;
  options.executable = "grep";
  options.args = {"-E", "^Sig(Blk|Ign)", "/proc/self/status"};
  EXPECT_EQ(outputOf(options), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");

  // Ours are as they were.
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, &before, &after);
  EXPECT_TRUE(sigismember(&after, SIGUSR1));
  EXPECT_FALSE(sigismember(&after, SIGUSR2));
  EXPECT_EQ(signal(SIGINT, ignoredBefore), SIG_IGN);
}

constexpr int kNicest = 19;

TEST_F(ChildEnvironmentTest, IsNicer) {
  SpawnOptions options = shell("nice");
  options.limits.niceness = 5;
  const int ours = nice(0);
  EXPECT_EQ(outputOf(options), std::to_string(std::min(ours + 5, kNicest)) + "\n");
}

TEST_F(ChildEnvironmentTest, IsAsNiceAsTheSpawnerWhenNothingIsSaid) {
  EXPECT_EQ(outputOf(shell("nice")), std::to_string(nice(0)) + "\n");
}

TEST_F(ChildEnvironmentTest, IsNicerByAPreferenceUnlessALimitIsSet) {
  SpawnOptions options = shell("nice");
  options.preferredNiceness = 3;
  const int ours = nice(0);
  EXPECT_EQ(outputOf(options), std::to_string(std::min(ours + 3, kNicest)) + "\n");
  options.limits.niceness = 0;
  EXPECT_EQ(outputOf(options), std::to_string(ours) + "\n");
}

}  // namespace
}  // namespace phial
