#include "expectations.h"

namespace {

using testing::HasSubstr;
using testing::Not;

// The model is small here; what happens is the same.
TEST(ModelTest, AnswersEveryQuestionWhileItsWorkersAreKilled) {
  const Ended ended =
      runProgram({MODEL_PROGRAM, "--mib", "8", "--questions", "200", "--kills", "20"});
  expectSuccess(ended);
  EXPECT_THAT(ended.out, HasSubstr("8 MiB are loaded, once for 2 workers"));
  EXPECT_THAT(ended.out, HasSubstr("200 questions, 200 right answers"));
  EXPECT_THAT(ended.out, HasSubstr("of them forked from the template"));
  EXPECT_THAT(ended.out, Not(HasSubstr("\n0 workers killed")));
}

TEST(ModelTest, HelpNamesTheOptions) {
  expectHelp(MODEL_PROGRAM, {"--mib", "--workers", "--questions", "--kills"});
}

TEST(ModelTest, RefusesWrongArguments) {
  expectRefusal(runProgram({MODEL_PROGRAM, "--mib", "0"}), 2, "--mib");
  expectRefusal(runProgram({MODEL_PROGRAM, "--workers", "257"}), 2, "--workers");
}

}  // namespace
