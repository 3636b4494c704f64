#include <fstream>
#include <iterator>

#include "expectations.h"
#include "tests/support/scratch_folder.h"

namespace {

class RenderStreamExampleTest : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path(name); }
  Ended render(std::vector<std::string> arguments, const std::string& name) const {
    arguments.insert(arguments.begin(), {RENDER_STREAM_PROGRAM, "--out", path(name)});
    return runProgram(arguments);
  }
  std::string content(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  const ScratchFolder folder_;
};

TEST_F(RenderStreamExampleTest, ManyWorkersPaintWhatOnePaintsAlsoWhenOneIsKilled) {
  const Ended one = render({"--size", "300", "--workers", "1"}, "one.ppm");
  expectSuccess(one);
  EXPECT_EQ(one.out, path("one.ppm") + ": 25 tiles\n");
  const std::string picture = content("one.ppm");
  EXPECT_TRUE(picture.starts_with("P6\n300 300\n255\n"));
  EXPECT_EQ(picture.size(), 15u + 300 * 300 * 3);
  expectSuccess(render({"--size", "300", "--workers", "3"}, "three.ppm"));
  EXPECT_EQ(content("three.ppm"), picture);
  expectSuccess(render({"--size", "300", "--workers", "2", "--kill"}, "killed.ppm"));
  EXPECT_EQ(content("killed.ppm"), picture);
}

TEST_F(RenderStreamExampleTest, SaysThatAWorkerDied) {
  const Ended ended = render({"--size", "1500", "--workers", "1", "--kill"}, "killed.ppm");
  expectSuccess(ended);
  EXPECT_THAT(ended.out, testing::EndsWith(": 576 tiles, although 1 worker died\n"));
}

TEST_F(RenderStreamExampleTest, HelpNamesTheOptions) {
  expectHelp(RENDER_STREAM_PROGRAM, {"--size", "--workers", "--out", "--kill"});
}

TEST_F(RenderStreamExampleTest, RefusesWrongArguments) {
  expectRefusal(render({"--size", "0"}, "none.ppm"), 2, "--size");
}

}  // namespace
