#include <csignal>
#include <optional>
#include <stdexcept>
#include <vector>

#include "tests/unit/process/process_fixture.h"

namespace phial {
namespace {

class ProcessExitTest : public ProcessFixture {};

TEST_F(ProcessExitTest, ReportsTheExitCode) {
  EXPECT_EQ(run(shell("exit 0")), ExitStatus(Exited{0}));
  EXPECT_EQ(run(shell("exit 7")), ExitStatus(Exited{7}));
  EXPECT_EQ(run(shell("exit 255")), ExitStatus(Exited{255}));
}

TEST_F(ProcessExitTest, ReportsTheSignal) {
  const ExitStatus status = run(shell("kill -TERM $$"));
  EXPECT_EQ(status, ExitStatus(Signalled{SIGTERM, Signalled::Core::notDumped}));
}

TEST_F(ProcessExitTest, SaysThatNoCoreWasDumpedWhenItMayNot) {
  EXPECT_EQ(run(shell("ulimit -c 0; kill -SEGV $$")),
            ExitStatus(Signalled{SIGSEGV, Signalled::Core::notDumped}));
}

TEST_F(ProcessExitTest, StatusIsSetBeforeTheCallbackAndEmptyBeforeTheEnd) {
  Process process = reactor_->spawnProcess(shell("exit 3"));
  EXPECT_FALSE(process.status().has_value());
  process.onExit([&](const ExitStatus& status) {
    EXPECT_EQ(process.status(), status);
    EXPECT_FALSE(process.kill(SIGTERM));
    reactor_->stop();
  });
  reactor_->run();
  EXPECT_EQ(process.status(), ExitStatus(Exited{3}));
}

TEST_F(ProcessExitTest, EveryCallbackIsCalledInOrderEvenWhenOneThrowsOrComesLate) {
  Process process = reactor_->spawnProcess(shell("exit 0"));
  std::string log;
  reactor_->onCallbackError([&](std::exception_ptr) { log += '!'; });
  process.onExit([&](const ExitStatus&) {
    log += 'a';
    throw std::runtime_error("callback");
  });
  process.onExit([&](const ExitStatus&) {
    log += 'b';
    process.onExit([&](const ExitStatus&) {
      log += 'c';
      reactor_->stop();
    });
  });
  reactor_->run();
  EXPECT_EQ(log, "a!bc");
}

TEST_F(ProcessExitTest, ExitedFiresWithTheStatusBeforeAndAfterTheEnd) {
  Process process = reactor_->spawnProcess(shell("exit 5"));
  std::vector<ExitStatus> seen;
  auto cancelled = process.exited().addErrback([](const Failure&) { return ExitStatus(); });
  cancelled.cancel();
  const auto first = process.exited().addCallback([&](ExitStatus status) {
    seen.push_back(status);
    return process.exited().addCallback([&](ExitStatus again) {
      seen.push_back(again);
      reactor_->stop();
    });
  });
  reactor_->run();
  EXPECT_EQ(seen, (std::vector<ExitStatus>{Exited{5}, Exited{5}}));
}

TEST_F(ProcessExitTest, TheProcessMayBeDroppedInItsOwnCallback) {
  std::optional<Process> process = reactor_->spawnProcess(shell("exit 0"));
  process->onExit([&](const ExitStatus&) {
    process.reset();
    reactor_->callLater(Duration::zero(), [&] { reactor_->stop(); });
  });
  process->onExit([](const ExitStatus&) { FAIL() << "the Process was dropped"; });
  reactor_->run();
}

TEST_F(ProcessExitTest, DroppingARunningProcessKillsItAndCallsNobody) {
  SpawnOptions options = shell("echo ready; exec sleep 1000");
  options.descriptors[1] = PipeFromChild{};
  std::optional<Process> process = reactor_->spawnProcess(options);
  process->onExit([](const ExitStatus&) { FAIL() << "the Process was dropped"; });
  const kj::AutoCloseFd out = process->takePipe(1);
  process.reset();
  // The end of its output comes when it is dead; the fixture sees that it was reaped.
  const Watch reader = reactor_->addReader(out, [&] { reactor_->stop(); });
  reactor_->run();
}

TEST_F(ProcessExitTest, ADroppedProcessIsReapedWhileTheLoopRuns) {
  const pid_t pid = reactor_->spawnProcess(shell("exec sleep 1000")).pid();
  std::function<void()> look = [&] {
    if (kill(pid, 0) == 0) {
      reactor_->callLater(Duration::zero(), look);
    } else {
      reactor_->stop();
    }
  };
  look();
  reactor_->run();
}

TEST_F(ProcessExitTest, AGrandchildThatHoldsThePipeDoesNotDelayTheVerdict) {
  SpawnOptions options = shell("sleep 1000 & echo $!; exit 4");
  options.descriptors[1] = PipeFromChild{};
  Process process = reactor_->spawnProcess(options);
  const kj::AutoCloseFd out = process.takePipe(1);
  EXPECT_EQ(runToExit(process), ExitStatus(Exited{4}));
  char text[32] = {};
  ASSERT_GT(read(out, text, sizeof text - 1), 0);
  EXPECT_EQ(kill(std::stoi(text), SIGKILL), 0);  // it was alive all the time
}

TEST_F(ProcessExitTest, ReportsCpuTimeAndPeakMemory) {
  SpawnOptions options = shell(
      "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; "
      "exec dd if=/dev/zero of=/dev/null bs=192M count=1 2>/dev/null");
  Process process = reactor_->spawnProcess(options);
  EXPECT_EQ(process.resources().userTime.count(), 0);
  EXPECT_EQ(runToExit(process), ExitStatus(Exited{0}));
  const ResourceUse& use = process.resources();
  EXPECT_GT((use.userTime + use.systemTime).count(), 0);
  ASSERT_TRUE(use.peakRssBytes.has_value());
  EXPECT_GE(*use.peakRssBytes, 192U << 20);
}

TEST_F(ProcessExitTest, APeakBelowTheSpawnersIsNotReported) {
  Process process = reactor_->spawnProcess(shell("exit 0"));
  runToExit(process);
  EXPECT_FALSE(process.resources().peakRssBytes.has_value());
}

}  // namespace
}  // namespace phial
