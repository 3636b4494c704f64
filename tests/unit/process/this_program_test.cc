#include "master/process/this_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/protocol/error.h>

namespace phial::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ThisProgramTest, IsTheFileThatRuns) {
  const auto program = thisProgram("/bin/ls", "/bin/ls", {"ls", "-l"});
  EXPECT_EQ(program.executable, "/proc/self/exe");
  EXPECT_THAT(program.args, IsEmpty());
  EXPECT_EQ(program.name, "/bin/ls");
}

TEST(ThisProgramTest, IsTheFileThatRunsAlsoWhenItsPathHoldsAnotherByNow) {
  const auto program = thisProgram("/tmp/gone (deleted)", "/bin/ls", {"/bin/ls", "-l"});
  EXPECT_EQ(program.executable, "/proc/self/exe");
  EXPECT_THAT(program.args, IsEmpty());
}

TEST(ThisProgramTest, OfALoaderIsWhatTheLoaderWasTold) {
  const auto program =
      thisProgram("/lib/ld.so", "/bin/ls", {"/lib/ld.so", "--library-path", "/x", "/bin/ls", "-l"});
  EXPECT_EQ(program.executable, "/proc/self/exe");
  EXPECT_THAT(program.args, ElementsAre("--library-path", "/x", "/bin/ls"));
  EXPECT_EQ(program.name, "/bin/ls");
}

TEST(ThisProgramTest, WithoutProcIsWhatTheKernelWasAskedFor) {
  EXPECT_EQ(thisProgram("", "/bin/ls", {}).executable, "/bin/ls");
}

TEST(ThisProgramTest, ThatCannotBeFoundSaysWhatToSet) {
  try {
    thisProgram("", "gone/program", {});
    FAIL() << "it was found";
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), ::testing::HasSubstr("PoolOptions::worker"));
  }
}

}  // namespace
}  // namespace phial::detail
