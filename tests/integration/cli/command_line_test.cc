#include "stress.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(CommandLineTest, HelpTeaches) {
  const Ended ended = stress({"--help"});
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.err, "");
  for (const char* text :
       {"--workers",     "--jobs",          "--duration",     "--kill-every", "--faults",
        "--fault-every", "--recycle-after", "--cancel-every", "--timeout",    "--seed",
        "--worker",      "--function",      "--args",         "--json",       "--verbose",
        "Examples:",     "Exit status: 0",  "close-pipe",     "half-frame",   "ignore-term"}) {
    EXPECT_THAT(ended.out, HasSubstr(text));
  }
}

TEST(CommandLineTest, TheCommandListsItsVerbs) {
  const Ended ended = runProgram({PHIAL_PROGRAM, "--help"});
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.out, HasSubstr("stress"));
}

TEST(CommandLineTest, TellsItsVersion) {
  const Ended ended = runProgram({PHIAL_PROGRAM, "--version"});
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(linesOf(ended.out), ElementsAre(testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+")));
}

struct Wrong {
  std::vector<std::string> arguments;
  const char* says;
};

class WrongArgumentTest : public testing::TestWithParam<Wrong> {};

TEST_P(WrongArgumentTest, IsRefusedInOneLine) {
  const Ended ended = stress(GetParam().arguments);
  EXPECT_EQ(ended.status, 2) << ended.out;
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(linesOf(ended.err), ElementsAre(HasSubstr(GetParam().says)));
  EXPECT_THAT(ended.orphans, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongArgumentTest,
    testing::Values(
        Wrong{{"--workers", "0"}, "--workers"}, Wrong{{"--workers", "-1"}, "--workers"},
        Wrong{{"--workers", "many"}, "--workers"}, Wrong{{"--workers", "2000"}, "--workers"},
        Wrong{{"--jobs", "0"}, "--jobs"}, Wrong{{"--jobs", "1e3"}, "--jobs"},
        Wrong{{"--duration", "0"}, "--duration"}, Wrong{{"--duration", "soon"}, "--duration"},
        Wrong{{"--kill-every", "10us"}, "at least 1ms"}, Wrong{{"--faults", "sneeze"}, "sneeze"},
        Wrong{{"--faults", "sigkill,,abort"}, "no fault \"\""},
        Wrong{{"--fault-every", "0"}, "--fault-every"},
        Wrong{{"--recycle-after", "-1"}, "--recycle-after"}, Wrong{{"--timeout", "0"}, "--timeout"},
        Wrong{{"--timeout", "x"}, "--timeout"}, Wrong{{"--seed", "dice"}, "--seed"},
        Wrong{{"--colour"}, "--colour"}, Wrong{{"more"}, "more"}, Wrong{{"--worker"}, "--worker"},
        Wrong{{"--function", "f"}, "--function"}, Wrong{{"--args", "[]"}, "--args"},
        Wrong{{"--worker", "/bin/true"}, "--function"},
        Wrong{{"--function", "f", "--args", "7", "--worker", "w"}, "expected a list"},
        Wrong{{"--function", "f", "--faults", "stop", "--kill-every", "0", "--worker", "w"},
              "--kill-every 0"}));

TEST(CommandLineTest, WantsAVerb) {
  for (const auto& [command, says] :
       {std::pair(std::vector<std::string>{PHIAL_PROGRAM}, "subcommand is required"),
        std::pair(std::vector<std::string>{PHIAL_PROGRAM, "stres"}, "no verb \"stres\"")}) {
    const Ended ended = runProgram(command);
    EXPECT_EQ(ended.status, 2);
    EXPECT_THAT(linesOf(ended.err), ElementsAre(HasSubstr(says)));
  }
}

}  // namespace
