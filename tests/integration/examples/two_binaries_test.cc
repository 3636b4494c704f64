#include <algorithm>

#include "expectations.h"
#include "tests/support/scratch_folder.h"

namespace {

using testing::Contains;
using testing::HasSubstr;

Ended factor(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), TWO_BINARIES_PROGRAM);
  return runProgram(arguments);
}

std::size_t countOf(const std::string& line, const Ended& ended) {
  const auto lines = linesOf(ended.out);
  return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), line));
}

TEST(TwoBinariesTest, FactorsNumbersInTheOtherProgram) {
  const Ended ended = factor({"360", "97", "18446744073709551615"});
  expectSuccess(ended);
  EXPECT_THAT(linesOf(ended.out), Contains("360 = 2 2 2 3 3 5"));
  EXPECT_THAT(linesOf(ended.out), Contains("97 = 97"));
  EXPECT_THAT(linesOf(ended.out), Contains("18446744073709551615 = 3 5 17 257 641 65537 6700417"));
}

TEST(TwoBinariesTest, CallsAFunctionByItsOwnName) {
  const Ended ended = factor({"84", "126", "42000"});
  expectSuccess(ended);
  EXPECT_THAT(linesOf(ended.out), Contains("their greatest common divisor: 42"));
}

TEST(TwoBinariesTest, HasNumbersOfItsOwn) {
  const Ended ended = factor({});
  expectSuccess(ended);
  EXPECT_THAT(linesOf(ended.out), Contains("600851475143 = 71 839 1471 6857"));
}

TEST(TwoBinariesTest, ShowsWhatTheOtherProgramThrew) {
  const Ended ended = factor({"0", "6"});
  expectSuccess(ended);
  EXPECT_THAT(linesOf(ended.out), Contains("0: std::domain_error: 0 has no prime factors"));
  EXPECT_THAT(linesOf(ended.out), Contains("6 = 2 3"));
}

TEST(TwoBinariesTest, NamesWhatThereIsWhenAFunctionIsNot) {
  const Ended ended = factor({"6"});
  expectSuccess(ended);
  const auto lines = linesOf(ended.out);
  const auto found = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with("as expected: ");
  });
  ASSERT_NE(found, lines.end()) << ended.out;
  EXPECT_THAT(*found, HasSubstr("factorise"));
  EXPECT_THAT(*found, HasSubstr("arithmetic::gcd"));
  EXPECT_THAT(found->substr(found->find("arithmetic::gcd")), HasSubstr("factor"));
}

TEST(TwoBinariesTest, LetsTheWorkerEndInOrder) {
  const Ended ended = factor({"--workers", "1", "6", "7", "8"});
  expectSuccess(ended);
  EXPECT_EQ(countOf("[worker 1] factored 3 numbers", ended), 1U) << ended.out;
}

TEST(TwoBinariesTest, SaysWhyAWorkerCannotBeStarted) {
  const ScratchFolder folder;
  expectRefusal(factor({"--worker", "/no/such/worker"}), 1, "No such file or directory");
  expectRefusal(factor({"--worker", folder.path()}), 1, "Permission denied");
  expectRefusal(factor({"--worker", folder.write("text", "no program")}), 1, "Permission denied");
}

TEST(TwoBinariesTest, SaysThatAProgramIsNoWorker) {
  expectRefusal(factor({"--worker", "/bin/true"}), 1, "exited with status 0 while starting");
}

TEST(TwoBinariesTest, TheWorkerAloneSaysThatItIsOne) {
  expectRefusal(runProgram({TWO_BINARIES_WORKER_PROGRAM}), 64, "worker");
}

TEST(TwoBinariesTest, HelpNamesTheOptions) {
  expectHelp(TWO_BINARIES_PROGRAM, {"NUMBERS", "--worker", "--workers"});
}

TEST(TwoBinariesTest, RefusesWrongArguments) {
  expectRefusal(factor({"six"}), 2, "six");
  expectRefusal(factor({"--", "-6"}), 2, "-6");
  expectRefusal(factor({"18446744073709551616"}), 2, "18446744073709551616");
  expectRefusal(factor({"--workers", "0", "6"}), 2, "--workers");
  expectRefusal(factor({"--workers", "few", "6"}), 2, "--workers");
  expectRefusal(factor({"--colour", "6"}), 2, "--colour");
}

}  // namespace
