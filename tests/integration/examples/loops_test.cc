// The examples of other loops. One whose library is missing is not built, and named as skipped.
#include <cstdlib>
#include <string>

#include "expectations.h"
#include "tests/support/scratch_folder.h"

namespace {

void expectPrimes(const std::string& program) {
  const Ended ended = runProgram({program, "7", "9", "1000003"});
  expectSuccess(ended);
  for (const char* line : {"7 is prime\n", "9 is composite\n", "1000003 is prime\n"}) {
    EXPECT_NE(ended.out.find(line), std::string::npos) << ended.out;
  }
}

TEST(LoopExamplesTest, AsioAnswers) { expectPrimes(ASIO_PROGRAM); }

TEST(LoopExamplesTest, GlibAnswers) {
#ifdef GLIB_PROGRAM
  expectPrimes(GLIB_PROGRAM);
#else
  GTEST_SKIP() << "built without GLib";
#endif
}

TEST(LoopExamplesTest, UvAnswers) {
#ifdef UV_PROGRAM
  expectPrimes(UV_PROGRAM);
#else
  GTEST_SKIP() << "built without libuv";
#endif
}

TEST(LoopExamplesTest, QtRendersOffscreen) {
#ifdef QT_PROGRAM
  ::setenv("QT_QPA_PLATFORM", "offscreen", 1);
  const ScratchFolder runtime;  // Qt says so when there is none
  ::setenv("XDG_RUNTIME_DIR", runtime.path().c_str(), 1);
  const Ended ended = runProgram({QT_PROGRAM, "2"});
  expectSuccess(ended);
  EXPECT_EQ(ended.out.find("2 pictures, the longest pause of the window: "), 0U) << ended.out;
#else
  GTEST_SKIP() << "built without Qt";
#endif
}

}  // namespace
