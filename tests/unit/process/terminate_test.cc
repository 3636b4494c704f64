// Process::terminate(), and what it does when signals are refused.

#include <csignal>

#include "tests/unit/process/process_fixture.h"

namespace phial {
namespace {

using Termination = Process::Termination;

constexpr uid_t kNobody = 65534;

/// The effective user of this process, until it is destroyed: its signals to root are refused then.
class EffectiveUser {
 public:
  explicit EffectiveUser(uid_t user) { EXPECT_EQ(::setresuid(user, user, 0), 0); }
  ~EffectiveUser() { EXPECT_EQ(::setresuid(0, 0, 0), 0); }
  EffectiveUser(const EffectiveUser&) = delete;
  EffectiveUser& operator=(const EffectiveUser&) = delete;
};

class TerminateTest : public ProcessFixture {
 protected:
  static SpawnOptions sleeper() {
    SpawnOptions options = shell("exec sleep 1000");
    options.processGroup = ProcessGroup::own;
    return options;
  }
};

TEST_F(TerminateTest, Kills) {
  Process process = reactor_->spawnProcess(sleeper());
  EXPECT_EQ(process.terminate(), Termination::killed);
  EXPECT_EQ(runToExit(process), ExitStatus(Signalled{SIGKILL}));
  EXPECT_EQ(process.terminate(), Termination::alreadyEnded);
}

TEST_F(TerminateTest, CutsTheLifelineWhenSignalsAreRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "changing the user needs root";
  SpawnOptions options = sleeper();
  options.descriptors[3] = Lifeline{};
  Process process = reactor_->spawnProcess(options);
  {
    const EffectiveUser nobody(kNobody);
    EXPECT_FALSE(process.kill(SIGKILL));
    EXPECT_EQ(process.terminate(), Termination::byLifeline);
  }
  EXPECT_EQ(runToExit(process), ExitStatus(Signalled{SIGKILL}));
}

TEST_F(TerminateTest, IsRefusedWithoutALifeline) {
  if (::geteuid() != 0) GTEST_SKIP() << "changing the user needs root";
  Process process = reactor_->spawnProcess(sleeper());
  {
    const EffectiveUser nobody(kNobody);
    EXPECT_EQ(process.terminate(), Termination::refused);
  }
  EXPECT_EQ(process.terminate(), Termination::killed);
  runToExit(process);
}

}  // namespace
}  // namespace phial
