#include "expectations.h"

namespace {

Ended quicksort(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), QUICKSORT_PROGRAM);
  return runProgram(arguments);
}

// It fails when the numbers are not in order.
TEST(QuicksortExampleTest, SortsByJobsThatCallJobs) {
  const Ended ended = quicksort({"--count", "300000", "--grain", "20000", "--workers", "2"});
  expectSuccess(ended);
  EXPECT_THAT(ended.out, ::testing::StartsWith("300000 numbers sorted by "));
  EXPECT_THAT(ended.out, ::testing::Not(::testing::HasSubstr(" by 1 jobs")));
}

TEST(QuicksortExampleTest, DoesSoWithOneWorker) {
  expectSuccess(quicksort({"--count", "100000", "--grain", "5000", "--workers", "1"}));
}

TEST(QuicksortExampleTest, HelpNamesTheOptions) {
  expectHelp(QUICKSORT_PROGRAM, {"--count", "--grain", "--workers", "--seed"});
}

TEST(QuicksortExampleTest, RefusesWrongArguments) {
  expectRefusal(quicksort({"--grain", "1"}), 2, "--grain");
}

}  // namespace
