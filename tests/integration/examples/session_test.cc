#include "expectations.h"

namespace {

Ended session(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), SESSION_PROGRAM);
  return runProgram(arguments);
}

TEST(SessionExampleTest, EachUserHasANotebookThatLastsUntilItsWorkerCrashes) {
  const Ended ended = session({});
  expectSuccess(ended);
  EXPECT_EQ(ended.out,
            "ada: x is 3\n"
            "ada: y is 7\n"
            "charles: sorry, nothing is known of x\n"
            "ada: x + y is 10\n"
            "charles: the notebook is lost\n"
            "charles: x is 1\n"
            "ada: y is 7\n");
}

TEST(SessionExampleTest, HelpNamesTheLines) { expectHelp(SESSION_PROGRAM, {"lines"}); }

TEST(SessionExampleTest, RefusesWrongArguments) {
  expectRefusal(session({"x = 3"}), 2, "x = 3");
  expectRefusal(session({"--user"}), 2, "--user");
}

}  // namespace
