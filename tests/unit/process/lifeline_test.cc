// What becomes of a child's group when the spawner lets go of the lifeline.
#include <sys/prctl.h>

#include <csignal>
#include <stdexcept>

#include "tests/unit/process/process_fixture.h"

namespace phial {
namespace {

class LifelineTest : public ProcessFixture {
 protected:
  LifelineTest() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
  ~LifelineTest() override { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }

  static SpawnOptions tied(const std::string& script) {
    SpawnOptions options = shell(script);
    options.processGroup = ProcessGroup::own;
    options.descriptors = {{1, PipeFromChild{}}, {9, Lifeline{}}};
    return options;
  }
};

TEST_F(LifelineTest, LettingGoKillsTheWholeGroup) {
  Process process = reactor_->spawnProcess(
      tied("trap '' TERM HUP; sleep 1000 9<&- & echo $!; kill -STOP $$; sleep 1000"));
  const kj::AutoCloseFd out = process.takePipe(1);
  std::string line;
  while (line.find('\n') == std::string::npos) {
    char byte = 0;
    if (read(out, &byte, 1) == 1) line += byte;
  }
  process.takePipe(9) = nullptr;
  const ExitStatus status = runToExit(process);
  EXPECT_EQ(status, ExitStatus(Signalled{SIGKILL, Signalled::Core::notDumped}));
  int descendant = 0;
  EXPECT_EQ(waitpid(std::stoi(line), &descendant, 0), std::stoi(line));
  EXPECT_TRUE(WIFSIGNALED(descendant));
}

TEST_F(LifelineTest, ADescendantThatHoldsItIsReachedAfterTheChild) {
  Process process = reactor_->spawnProcess(tied("sleep 1000 & echo $!"));
  const kj::AutoCloseFd out = process.takePipe(1);
  std::string line;
  while (line.find('\n') == std::string::npos) {
    char byte = 0;
    if (read(out, &byte, 1) == 1) line += byte;
  }
  EXPECT_EQ(runToExit(process), ExitStatus(Exited{0}));
  EXPECT_EQ(kill(std::stoi(line), 0), 0);
  process.takePipe(9) = nullptr;
  int descendant = 0;
  EXPECT_EQ(waitpid(std::stoi(line), &descendant, 0), std::stoi(line));
  EXPECT_TRUE(WIFSIGNALED(descendant));
}

TEST_F(LifelineTest, ItLetsAChildThatEndsByItselfEndByItself) {
  Process process = reactor_->spawnProcess(tied("exit 3"));
  EXPECT_EQ(runToExit(process), ExitStatus(Exited{3}));
}

TEST_F(LifelineTest, ItNeedsAGroupOfItsOwn) {
  SpawnOptions options = tied("true");
  options.processGroup = ProcessGroup::spawners;
  EXPECT_THROW(reactor_->spawnProcess(options), std::invalid_argument);
}

}  // namespace
}  // namespace phial
