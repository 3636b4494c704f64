// What a ProcessProtocol hears of its child, in which order, and what it may do meanwhile.
#include <csignal>
#include <stdexcept>

#include "tests/unit/process/protocol_fixture.h"

namespace phial {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class ProcessProtocolTest : public ProtocolFixture {};

TEST_F(ProcessProtocolTest, HearsBothOutputsAndTheEndOnce) {
  const auto child = spawn("echo out; echo err >&2");
  EXPECT_THAT(child->events, ElementsAre("made"));
  runToEnd(child);
  EXPECT_EQ(child->data[1], "out\n");
  EXPECT_EQ(child->data[2], "err\n");
  EXPECT_THAT(child->events,
              UnorderedElementsAre("made", "lost 0", "lost 1", "lost 2", "exited", "ended"));
  EXPECT_EQ(child->events.back(), "ended");
}

TEST_F(ProcessProtocolTest, AnExitWithStatusZeroIsProcessDone) {
  const auto child = spawn("exit 0");
  runToEnd(child);
  EXPECT_TRUE(child->exitReason->check<ProcessDone>());
  EXPECT_TRUE(child->endReason->check<ProcessDone>());
  EXPECT_EQ(child->endReason->as<ProcessExit>()->exitCode(), 0);
}

TEST_F(ProcessProtocolTest, AnotherExitStatusIsProcessTerminatedWithTheCode) {
  const auto child = spawn("exit 7");
  runToEnd(child);
  const auto* const reason = child->endReason->as<ProcessTerminated>();
  ASSERT_NE(reason, nullptr);
  EXPECT_EQ(reason->exitCode(), 7);
  EXPECT_EQ(reason->signal(), std::nullopt);
  EXPECT_EQ(reason->status(), ExitStatus(Exited{7}));
  EXPECT_EQ(child->endReason->message(), "the process exited with status 7");
}

TEST_F(ProcessProtocolTest, AKilledChildIsProcessTerminatedWithTheSignal) {
  const auto child = spawn("exec sleep 1000");
  child->transport().signalProcess("KILL");
  runToEnd(child);
  const auto* const reason = child->endReason->as<ProcessTerminated>();
  ASSERT_NE(reason, nullptr);
  EXPECT_EQ(reason->exitCode(), std::nullopt);
  EXPECT_EQ(reason->signal(), SIGKILL);
}

TEST_F(ProcessProtocolTest, OutErrAndConnectionLostReachTheirOwnMembers) {
  class Named : public ProcessProtocol {
   public:
    std::string heard;
    Reactor* reactor = nullptr;

   private:
    void outReceived(std::string_view bytes) override { heard += "o" + std::string(bytes); }
    void errReceived(std::string_view bytes) override { heard += "e" + std::string(bytes); }
    void inConnectionLost() override { heard += "I"; }
    void outConnectionLost() override { heard += "O"; }
    void errConnectionLost() override { heard += "E"; }
    void processEnded(const Failure&) override { reactor->stop(); }
  };
  const auto child = std::make_shared<Named>();
  child->reactor = reactor_.get();
  const auto transport = reactor_->spawnProcess(
      child, "/bin/sh", script("printf 1; exec >&-; read x; printf 2 >&2; exec 2>&-; read x"));
  transport.write("go\n");
  transport.closeStdin();
  reactor_->run();
  for (const char* part : {"o1", "e2", "I", "O", "E"}) {
    EXPECT_NE(child->heard.find(part), std::string::npos) << child->heard;
  }
}

TEST_F(ProcessProtocolTest, DataOfFurtherDescriptorsComesByTheirNumbers) {
  ProcessSpawnOptions options;
  options.childFds = {{3, PipeToChild{}}, {4, PipeFromChild{}}};
  const auto child = spawn("read x <&3; echo \"got $x\" >&4", std::move(options));
  child->transport().writeToChild(3, "four\n");
  runToEnd(child);
  EXPECT_EQ(child->data[4], "got four\n");
  EXPECT_THROW(child->transport().writeToChild(5, "x"), std::invalid_argument);
  EXPECT_THROW(child->transport().writeToChild(4, "x"), std::invalid_argument);
}

TEST_F(ProcessProtocolTest, EnvironmentAndDirectoryAreTheOptions) {
  ProcessSpawnOptions options;
  options.environment = {.base = Environment::Base::empty, .changes = {{"WORD", "hello"}}};
  options.directory = "/";
  const auto child = spawn("echo $WORD $HOME; pwd", std::move(options));
  runToEnd(child);
  EXPECT_EQ(child->data[1], "hello\n/\n");
}

TEST_F(ProcessProtocolTest, AProgramThatIsMissingThrowsAndTheProtocolHearsNothing) {
  const auto protocol = std::make_shared<RecordingProtocol>();
  EXPECT_THROW(reactor_->spawnProcess(protocol, "/nonexistent"), SpawnError);
  EXPECT_TRUE(protocol->events.empty());
  EXPECT_THROW(reactor_->spawnProcess(nullptr, "/bin/true"), std::invalid_argument);
  EXPECT_THROW(protocol->transport(), std::logic_error);
}

TEST_F(ProcessProtocolTest, AGrandchildThatHoldsThePipesDelaysTheEndButNotTheExit) {
  const auto child = spawn("sleep 1000 & echo $!; exit 4");
  runTo(child, "exited");
  EXPECT_EQ(child->exitReason->as<ProcessExit>()->exitCode(), 4);
  EXPECT_FALSE(child->endReason.has_value());
  runToText(child, 1, "\n");
  EXPECT_EQ(kill(std::stoi(child->data[1]), 0), 0) << "it lives";
  child->transport().loseConnection();
  runToEnd(child);
  EXPECT_EQ(kill(std::stoi(child->data[1]), SIGKILL), 0);
}

TEST_F(ProcessProtocolTest, AnExceptionOfACallbackIsReportedAndTheOthersCome) {
  int reported = 0;
  reactor_->onCallbackError([&](std::exception_ptr) { ++reported; });
  const auto protocol = std::make_shared<RecordingProtocol>();
  protocol->on = [](const std::string&) { throw std::runtime_error("callback"); };
  spawn(protocol, "echo out");
  EXPECT_EQ(reported, 1) << "connectionMade";
  bool ended = false;
  protocol->on = [&](const std::string& event) {
    ended = event == "ended";
    if (ended) reactor_->stop();
    throw std::runtime_error("callback");
  };
  reactor_->run();
  EXPECT_TRUE(ended);
  EXPECT_EQ(reported, 7);
  EXPECT_EQ(protocol->events.size(), 6U);
}

TEST_F(ProcessProtocolTest, TheLastPointerMayGoInAnyCallback) {
  for (const std::string at : {"made", "data", "lost 1", "exited", "ended"}) {
    std::weak_ptr<RecordingProtocol> weak;
    std::string heard;
    {
      const auto protocol = std::make_shared<RecordingProtocol>();
      weak = protocol;
      protocol->on = [&](const std::string& event) {
        heard += event + " ";
        // The transport goes too, and with it the last that holds the connection from outside. So
        // does this function: nothing of it may be used afterwards.
        if (event == at) weak.lock()->on = [&heard](const std::string& e) { heard += e + " "; };
      };
      spawn(protocol, "echo out");
    }
    while (!weak.expired()) {
      reactor_->callLater(Duration::zero(), [&] { reactor_->stop(); });
      reactor_->run();
    }
    EXPECT_NE(heard.find("ended"), std::string::npos) << at;
  }
}

TEST_F(ProcessProtocolTest, TheReactorMayBeStoppedInEachCallbackAndGoesOn) {
  const auto protocol = std::make_shared<RecordingProtocol>();
  protocol->on = [&](const std::string& event) {
    if (event != "made") reactor_->stop();
  };
  spawn(protocol, "echo out");
  while (!protocol->endReason) reactor_->run();
  EXPECT_EQ(protocol->events.size(), 6U);
}

TEST_F(ProcessProtocolTest, ACallbackMaySpawnTheNext) {
  std::vector<std::shared_ptr<RecordingProtocol>> children;
  std::function<void()> next = [&] {
    if (children.size() == 5) return reactor_->stop();
    const auto child = std::make_shared<RecordingProtocol>();
    children.push_back(child);
    child->on = [&](const std::string& event) {
      if (event == "ended") next();
    };
    spawn(child, "exit 0");
  };
  next();
  reactor_->run();
  EXPECT_EQ(children.size(), 5U);
}

TEST_F(ProcessProtocolTest, TheReactorsEndKillsTheChildAndCallsNobody) {
  const auto protocol = spawn("trap '' TERM HUP; while :; do sleep 1000; done");
  const std::weak_ptr<RecordingProtocol> weak = protocol;
  const ProcessTransport transport = protocol->transport();
  const auto written = transport.whenBelow(0, 1);
  protocol->on = [](const std::string& event) { FAIL() << event; };
  reactor_.reset();
  EXPECT_EQ(kill(transport.pid(), 0), -1) << "it was killed and reaped";
  EXPECT_EQ(transport.write("x"), 0U);
  transport.closeStdin();
  transport.loseConnection();
  EXPECT_THROW(transport.signalProcess(SIGTERM), ProcessExitedAlready);
}

TEST_F(ProcessProtocolTest, AProtocolThatNobodyElseHoldsGoesWithTheReactor) {
  std::weak_ptr<RecordingProtocol> weak;
  weak = spawn("exec sleep 1000");
  EXPECT_FALSE(weak.expired()) << "the Reactor keeps it";
  reactor_.reset();
  EXPECT_TRUE(weak.expired());
}

TEST_F(ProcessProtocolTest, AHostThatReapsLeavesNoStatusButAnEnd) {
  struct sigaction before{};
  sigaction(SIGCHLD, nullptr, &before);
  signal(SIGCHLD, SIG_IGN);
  const auto child = spawn("exit 3");
  runToEnd(child);
  const auto* const reason = child->endReason->as<ProcessTerminated>();
  ASSERT_NE(reason, nullptr);
  EXPECT_EQ(reason->status(), ExitStatus(StatusUnknown{}));
  EXPECT_EQ(reason->exitCode(), std::nullopt);
  EXPECT_EQ(reason->signal(), std::nullopt);
  sigaction(SIGCHLD, &before, nullptr);
}

TEST_F(ProcessProtocolTest, SignalsGoByNameOrNumberAndNotToTheDead) {
  const auto child =
      spawn("trap 'echo usr; exit 5' USR1; echo ready; while :; do sleep 0.01; done");
  runToText(child, 1, "ready");
  EXPECT_THROW(child->transport().signalProcess("NOSUCH"), std::invalid_argument);
  EXPECT_THROW(child->transport().signalProcess(0), std::invalid_argument);
  EXPECT_THROW(child->transport().signalProcess(1000), std::invalid_argument);
  child->transport().signalProcess("SIGUSR1");
  runToEnd(child);
  EXPECT_EQ(child->data[1], "ready\nusr\n");
  EXPECT_THROW(child->transport().signalProcess("TERM"), ProcessExitedAlready);
}

TEST_F(ProcessProtocolTest, AThousandChildrenLeaveNoDescriptor) {
  std::size_t ended = 0;
  std::vector<Recording> children;
  const std::function<void()> next = [&] {
    const auto child = std::make_shared<RecordingProtocol>();
    child->on = [&](const std::string& event) {
      if (event != "ended") return;
      if (++ended == 1000) return reactor_->stop();
      if (ended <= 992) next();
    };
    reactor_->spawnProcess(child, "/bin/true");
  };
  for (int i = 0; i < 8; ++i) next();
  reactor_->run();
  EXPECT_EQ(ended, 1000U);
}

TEST_F(ProcessProtocolTest, AChildGetsNoDescriptorOfTheOthers) {
  const auto first = spawn("cat");
  const auto second = spawn("ls /proc/self/fd | wc -l");
  runToEnd(second);
  EXPECT_EQ(std::stoi(second->data[1]), 4) << "0, 1, 2 and that of ls";
  first->transport().closeStdin();
  runToEnd(first);
}

TEST_F(ProcessProtocolTest, InAForkedProcessATransportDoesNothing) {
  const auto child = spawn("cat");
  const pid_t copy = fork();
  ASSERT_GE(copy, 0);
  if (copy == 0) {
    child->transport().write("from the copy\n");
    child->transport().signalProcess(SIGKILL);
    child->transport().loseConnection();
    _exit(0);
  }
  waitpid(copy, nullptr, 0);
  child->transport().write("from the parent\n");
  child->transport().closeStdin();
  runToEnd(child);
  EXPECT_EQ(child->data[1], "from the parent\n");
  EXPECT_TRUE(child->endReason->check<ProcessDone>());
}

}  // namespace
}  // namespace phial
