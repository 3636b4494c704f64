#include <png.h>

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "expectations.h"
#include "tests/support/scratch_folder.h"

namespace {

using testing::HasSubstr;
using testing::Not;

struct Png {
  unsigned width = 0;
  unsigned height = 0;
  std::vector<png_byte> pixels;
};

Png decode(const std::string& path) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_file(&image, path.c_str()) == 0) {
    throw std::runtime_error(path + ": " + image.message);
  }
  image.format = PNG_FORMAT_RGB;
  Png png{image.width, image.height, std::vector<png_byte>(PNG_IMAGE_SIZE(image))};
  if (png_image_finish_read(&image, nullptr, png.pixels.data(), 0, nullptr) == 0) {
    throw std::runtime_error(path + ": " + image.message);
  }
  return png;
}

class MandelbrotTest : public testing::Test {
 protected:
  Ended render(const std::string& workers, const std::string& out) {
    return runProgram(
        {MANDELBROT_PROGRAM, "--size", "320x180", "--workers", workers, "--out", out});
  }

  Ended refused(std::map<std::string, std::string> changed) {
    std::map<std::string, std::string> options = {{"--size", "320x180"},
                                                  {"--out", folder_.path("never.png")}};
    changed.merge(options);
    std::vector<std::string> command = {MANDELBROT_PROGRAM};
    for (const auto& [option, value] : changed) command.insert(command.end(), {option, value});
    return runProgram(command);
  }

  ScratchFolder folder_;
};

TEST_F(MandelbrotTest, PaintsTheSamePictureWithAnyNumberOfWorkers) {
  expectSuccess(render("1", folder_.path("one.png")));
  expectSuccess(render("2", folder_.path("two.png")));
  const Png one = decode(folder_.path("one.png"));
  const Png two = decode(folder_.path("two.png"));
  EXPECT_EQ(one.width, 320U);
  EXPECT_EQ(one.height, 180U);
  EXPECT_EQ(one.pixels, two.pixels);
  const std::set<png_byte> shades(one.pixels.begin(), one.pixels.end());
  EXPECT_GT(shades.size(), 16U) << "a picture of one colour proves nothing";
}

TEST_F(MandelbrotTest, IsCompleteThoughAWorkerIsKilled) {
  const Ended ended = render("2", folder_.path("picture.png"));
  expectSuccess(ended);
  EXPECT_THAT(ended.out, HasSubstr("with SIGKILL, on purpose"));
  EXPECT_THAT(ended.out, HasSubstr("killed by SIGKILL"));
  EXPECT_THAT(ended.out, HasSubstr("4 submitted, 4 succeeded"));
  EXPECT_THAT(ended.out, HasSubstr("both pictures are the same, byte for byte"));
}

// The victim has just been given a tile. It could, if the kill is late, have painted it by then.
TEST_F(MandelbrotTest, RunsTheTileOfTheKilledWorkerAgain) {
  constexpr int kTries = 10;
  bool again = false;
  for (int i = 0; i < kTries && !again; ++i) {
    const Ended ended = render("1", folder_.path("picture.png"));
    expectSuccess(ended);
    again = ended.out.find(" 0 run again after a death") == std::string::npos;
  }
  EXPECT_TRUE(again);
}

TEST_F(MandelbrotTest, PrintsPlainLinesWhereThereIsNoTerminal) {
  const Ended ended = render("2", folder_.path("picture.png"));
  expectSuccess(ended);
  EXPECT_THAT(ended.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(ended.out, Not(HasSubstr("\r")));
  EXPECT_THAT(ended.out, HasSubstr("\npool  : 4 of 4 tiles\n"));
  EXPECT_THAT(ended.out, HasSubstr("\ninline: 4 of 4 tiles\n"));
}

TEST_F(MandelbrotTest, ReportsSpeedAndHeartbeatAndEndsWithThePath) {
  const Ended ended = render("2", folder_.path("picture.png"));
  expectSuccess(ended);
  EXPECT_THAT(ended.out, HasSubstr("seconds  heartbeat: median   worst"));
  EXPECT_THAT(ended.out, HasSubstr("speed-up"));
  EXPECT_EQ(linesOf(ended.out).back(), folder_.path("picture.png"));
}

TEST_F(MandelbrotTest, HelpNamesTheOptions) {
  expectHelp(MANDELBROT_PROGRAM, {"--size", "--workers", "--out"});
}

TEST_F(MandelbrotTest, RefusesASizeThatIsNone) {
  for (const std::string wrong : {"wide", "320", "320x", "x180", "0x180", "320x-1", "320x180x3",
                                  "32769x1", "99999999999x1", ""}) {
    SCOPED_TRACE(wrong);
    expectRefusal(refused({{"--size", wrong}}), 2, "--size");
  }
}

TEST_F(MandelbrotTest, RefusesANumberOfWorkersThatIsNone) {
  for (const std::string wrong : {"0", "-1", "257", "many", "1.5"}) {
    SCOPED_TRACE(wrong);
    expectRefusal(refused({{"--workers", wrong}}), 2, "--workers");
  }
}

TEST_F(MandelbrotTest, RefusesAFileThatCannotBeWritten) {
  const Ended missing = refused({{"--out", folder_.path("no/such/folder.png")}});
  expectRefusal(missing, 2, "No such file or directory");
  expectRefusal(refused({{"--out", folder_.path()}}), 2, "Is a directory");
}

TEST_F(MandelbrotTest, RefusesAnOptionThatItDoesNotKnow) {
  expectRefusal(refused({{"--colour", "blue"}}), 2, "--colour");
}

}  // namespace
