// What limits a child finds set on itself, and what it is that cannot be set.
#include <sched.h>
#include <sys/resource.h>

#include <cerrno>
#include <stdexcept>
#include <string>

#include "tests/unit/process/process_fixture.h"

namespace phial {
namespace {

class ChildLimitsTest : public ProcessFixture {
 protected:
  ~ChildLimitsTest() override { setrlimit(RLIMIT_CORE, &coreBefore_); }
  void SetUp() override { getrlimit(RLIMIT_CORE, &coreBefore_); }

  static SpawnOptions limited(std::string script, Limits limits) {
    SpawnOptions options = shell(std::move(script));
    options.limits = std::move(limits);
    return options;
  }

  /// "<soft> <hard>" of the line that begins with `name` in the child's /proc/self/limits.
  std::string limitOf(const std::string& name, Limits limits) {
    return outputOf(limited(
        "sed -n 's/^" + name + " *\\([^ ]*\\) *\\([^ ]*\\).*/\\1 \\2/p' " + "/proc/self/limits",
        std::move(limits)));
  }

  void expectError(Limits limits, const std::string& step, int code) {
    try {
      reactor_->spawnProcess(limited("exit 0", std::move(limits)));
      FAIL() << "started";
    } catch (const SpawnError& error) {
      EXPECT_EQ(error.step(), step);
      EXPECT_EQ(error.code(), code);
    }
    EXPECT_TRUE(hasNoChildren());
  }

  std::string objectionTo(Limits limits) {
    try {
      reactor_->spawnProcess(limited("exit 0", std::move(limits)));
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "none";
  }

  static std::string inWords(rlim_t limit) {
    return limit == RLIM_INFINITY ? "unlimited" : std::to_string(limit);
  }

  rlimit coreBefore_{};
};

TEST_F(ChildLimitsTest, HasNoneUnlessTold) {
  const std::string ours = "grep -v '^Max core' /proc/$PPID/limits";
  EXPECT_EQ(outputOf(shell("grep -v '^Max core' /proc/self/limits")), outputOf(shell(ours)));
}

TEST_F(ChildLimitsTest, SoftAndHardAreSet) {
  EXPECT_EQ(limitOf("Max address space", {.addressSpaceBytes = 1 << 30}),
            "1073741824 1073741824\n");
  EXPECT_EQ(limitOf("Max open files", {.openFiles = 17}), "17 17\n");
  EXPECT_EQ(limitOf("Max file size", {.fileSizeBytes = 4096}), "4096 4096\n");
}

TEST_F(ChildLimitsTest, CpuTimeIsRoundedUpAndEndsASecondLaterForGood) {
  EXPECT_EQ(limitOf("Max cpu time", {.cpuTime = std::chrono::milliseconds(7001)}), "8 9\n");
}

TEST_F(ChildLimitsTest, CoreDumpsAreOffOnOrAsTheyWere) {
  const rlimit some{std::min<rlim_t>(4096, coreBefore_.rlim_max), coreBefore_.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_CORE, &some), 0);
  const std::string hard = inWords(coreBefore_.rlim_max);
  EXPECT_EQ(limitOf("Max core file size", {}), inWords(some.rlim_cur) + " " + hard + "\n");
  // Less than any core has, and not the 0 that means "any size" to a core piped to a program.
  EXPECT_EQ(limitOf("Max core file size", {.coreDumps = CoreDumps::off}), "1 1\n");
  EXPECT_EQ(limitOf("Max core file size", {.coreDumps = CoreDumps::on}), hard + " " + hard + "\n");
}

TEST_F(ChildLimitsTest, RunsOnTheCoresNamed) {
  cpu_set_t ours;
  ASSERT_EQ(sched_getaffinity(0, sizeof ours, &ours), 0);
  int last = CPU_SETSIZE - 1;
  while (!CPU_ISSET(last, &ours)) --last;
  EXPECT_EQ(outputOf(limited("sed -n 's/^Cpus_allowed_list:.//p' /proc/self/status",
                             {.affinity = {last}})),
            std::to_string(last) + "\n");
}

TEST_F(ChildLimitsTest, GainsNoPrivileges) {
  const std::string script = "sed -n 's/^NoNewPrivs:.//p' /proc/self/status";
  EXPECT_EQ(outputOf(limited(script, {.noNewPrivileges = true})), "1\n");
}

TEST_F(ChildLimitsTest, LimitsLeaveDescriptorsAndPipesInPlace) {
  // More of them, and higher ones, than the limit lets the program open.
  SpawnOptions options = limited("echo out >&40", {.openFiles = 8});
  options.executable = "/bin/bash";
  options.descriptors = {{40, PipeFromChild{}}};
  Process process = reactor_->spawnProcess(options);
  const kj::AutoCloseFd out = process.takePipe(40);
  EXPECT_EQ(readToEnd(out), "out\n");
  EXPECT_EQ(runToExit(process), ExitStatus(Exited{0}));
}

TEST_F(ChildLimitsTest, OneThatCannotBeSetNamesItself) {
  expectError({.affinity = {8191}}, "sched_setaffinity", EINVAL);
  // Above the system's own limit, which no privilege passes.
  expectError({.openFiles = std::uint64_t{1} << 40}, "setrlimit RLIMIT_NOFILE", EPERM);
}

TEST_F(ChildLimitsTest, ACoreThatIsMissingIsNotLeftOut) {
  cpu_set_t ours;
  ASSERT_EQ(sched_getaffinity(0, sizeof ours, &ours), 0);
  int first = 0;
  while (!CPU_ISSET(first, &ours)) ++first;
  expectError({.affinity = {first, 8191}}, "sched_setaffinity", EINVAL);
}

TEST_F(ChildLimitsTest, ATinyAddressSpaceIsNoCrashOfTheSpawner) {
  // The child runs in our memory, which is far beyond this, when it sets the limit.
  SpawnOptions options = limited("exit 0", {.addressSpaceBytes = 4096});
  try {
    Process process = reactor_->spawnProcess(options);
    EXPECT_NE(runToExit(process), ExitStatus(Exited{0}));
  } catch (const SpawnError& error) {
    EXPECT_EQ(error.step(), "execve");
  }
}

TEST_F(ChildLimitsTest, WhatCannotBeMeantIsRefused) {
  EXPECT_EQ(objectionTo({.addressSpaceBytes = 0}),
            "limits.addressSpaceBytes is 0: leave it out for no limit");
  EXPECT_EQ(objectionTo({.cpuTime = std::chrono::milliseconds(200)}),
            "limits.cpuTime is 200 ms: it is counted in seconds and must be at least one");
  EXPECT_EQ(objectionTo({.openFiles = 0}), "limits.openFiles is 0: leave it out for no limit");
  EXPECT_EQ(objectionTo({.coreDumps = static_cast<CoreDumps>(7)}),
            "limits.coreDumps is 7, which is no CoreDumps");
  EXPECT_EQ(objectionTo({.affinity = {-1}}), "limits.affinity names core -1, not from 0 to 8191");
  EXPECT_EQ(objectionTo({.affinity = {0, 8192}}),
            "limits.affinity names core 8192, not from 0 to 8191");
}

}  // namespace
}  // namespace phial
