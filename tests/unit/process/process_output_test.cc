// getProcessOutput and its kin.
#include <phial/master/process_output.h>

#include <csignal>

#include "tests/unit/process/protocol_fixture.h"

namespace phial {
namespace {

class ProcessOutputTest : public ProtocolFixture {
 protected:
  Deferred<std::string> output(std::string text, const RunOptions& options = {}) {
    return getProcessOutput(*reactor_, "/bin/sh", script(std::move(text)), options);
  }
};

TEST_F(ProcessOutputTest, OutputIsWhatTheProgramWritesWhateverItsStatus) {
  EXPECT_EQ(await(output("echo one; echo two; exit 3")).value(), "one\ntwo\n");
}

TEST_F(ProcessOutputTest, AnyErrorOutputFailsWithItsText) {
  const auto failure = await(output("echo out; echo oops >&2")).failure();
  ASSERT_TRUE(failure.check<UnexpectedErrorOutput>());
  EXPECT_EQ(failure.as<UnexpectedErrorOutput>()->text(), "oops\n");
  EXPECT_EQ(failure.message().find("oops"), std::string::npos);
  EXPECT_NE(failure.describe().find("oops"), std::string::npos);
}

TEST_F(ProcessOutputTest, ErrorOutputMayBeIncluded) {
  const RunOptions options{.errorOutput = ErrorOutput::isIncluded};
  const auto text = await(output("echo out; echo oops >&2", options)).value();
  EXPECT_NE(text.find("out\n"), std::string::npos);
  EXPECT_NE(text.find("oops\n"), std::string::npos);
}

TEST_F(ProcessOutputTest, TheInputIsReadToItsEndAndNoInputIsTheEnd) {
  EXPECT_EQ(await(output("cat", {.input = std::string(300'000, 'i')})).value().size(), 300'000U);
  EXPECT_EQ(await(output("cat")).value(), "");
}

TEST_F(ProcessOutputTest, EnvironmentAndDirectory) {
  const Environment environment{.changes = {{"WORD", "hello"}}};
  const RunOptions options{.environment = environment, .directory = "/"};
  EXPECT_EQ(await(output("echo $WORD; pwd", options)).value(), "hello\n/\n");
}

TEST_F(ProcessOutputTest, ValueIsTheExitStatusWhateverIsWritten) {
  EXPECT_EQ(
      await(getProcessValue(*reactor_, "/bin/sh", script("echo x; echo y >&2; exit 9"))).value(),
      9);
  EXPECT_EQ(await(getProcessValue(*reactor_, "true")).value(), 0);
}

TEST_F(ProcessOutputTest, AGrandchildDelaysNoValue) {
  RunOptions options;
  options.processGroup = ProcessGroup::ownKilledAtExit;
  EXPECT_EQ(
      await(getProcessValue(*reactor_, "/bin/sh", script("sleep 1000 & exit 2"), options)).value(),
      2);
}

TEST_F(ProcessOutputTest, OutputAndValueAreAllThree) {
  const auto all =
      await(getProcessOutputAndValue(*reactor_, "/bin/sh", script("echo o; echo e >&2; exit 4")))
          .value();
  EXPECT_EQ(all.out, "o\n");
  EXPECT_EQ(all.err, "e\n");
  EXPECT_EQ(all.exitCode, 4);
}

TEST_F(ProcessOutputTest, ASignalIsProcessTerminated) {
  const auto failure =
      await(getProcessOutputAndValue(*reactor_, "/bin/sh", script("kill -9 $$"))).failure();
  ASSERT_TRUE(failure.check<ProcessTerminated>());
  EXPECT_EQ(failure.as<ProcessTerminated>()->signal(), SIGKILL);
  EXPECT_TRUE(await(output("kill -9 $$")).failure().check<ProcessTerminated>());
}

TEST_F(ProcessOutputTest, AMissingProgramIsAFailureNotAThrow) {
  auto missing = getProcessOutput(*reactor_, "/nonexistent");
  EXPECT_TRUE(await(std::move(missing)).failure().check<SpawnError>());
}

TEST_F(ProcessOutputTest, CancellingKillsTheProgram) {
  auto running = output("echo $$ >&2; exec sleep 1000");
  running.cancel();
  EXPECT_TRUE(await(std::move(running)).failure().check<CancelledError>());
}

TEST_F(ProcessOutputTest, AProgramThatWritesWithoutEndIsEnded) {
  const RunOptions options{.mostOutputBytes = std::size_t{1} << 20U};
  EXPECT_TRUE(
      await(getProcessOutput(*reactor_, "yes", {}, options)).failure().check<OutputTooLarge>());
}

TEST_F(ProcessOutputTest, WorksInACoroutine) {
  const auto both = [](Reactor& reactor) -> Deferred<std::string> {
    const std::vector<std::string> args = {"-c", "echo one"};
    const auto one = co_await getProcessOutput(reactor, "/bin/sh", args, {.directory = "/"});
    const auto two = co_await getProcessOutput(reactor, "cat", {}, {.input = one});
    co_return one + two;
  };
  EXPECT_EQ(await(both(*reactor_)).value(), "one\none\n");
}

}  // namespace
}  // namespace phial
