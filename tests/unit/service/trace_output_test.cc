#include "master/service/trace_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/scratch_folder.h"

namespace phial::detail {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string contents(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}
nlohmann::json parsed(const fs::path& path) { return nlohmann::json::parse(contents(path)); }

class TraceOutputTest : public ::testing::Test {
 protected:
  const ScratchFolder folder_;
  const fs::path path_ = fs::path(folder_.path()) / "trace.json";
};

TEST_F(TraceOutputTest, TheFileIsCompleteAfterEachWrite) {
  TraceOutput output(path_, 3);
  output.beginFile("[{\"n\":0}");
  EXPECT_EQ(output.append(",\n{\"n\":1}"), std::nullopt);
  EXPECT_EQ(parsed(path_).size(), 2U);
  EXPECT_EQ(output.append(",\n{\"n\":2},\n{\"n\":3}"), std::nullopt);
  EXPECT_EQ(parsed(path_).size(), 4U);
  EXPECT_EQ(parsed(path_)[3]["n"], 3);
}

TEST_F(TraceOutputTest, OnlySoManyFilesAreKept) {
  std::ofstream(path_) << "of an earlier run";
  TraceOutput output(path_, 3);
  for (int i = 0; i < 5; ++i) {
    output.beginFile("[" + std::to_string(i));
    EXPECT_EQ(output.append(""), std::nullopt);
    if (i > 0) continue;
    EXPECT_EQ(contents(path_.string() + ".1"), "of an earlier run");
  }
  EXPECT_EQ(parsed(path_)[0], 4);
  EXPECT_EQ(parsed(path_.string() + ".1")[0], 3);
  EXPECT_EQ(parsed(path_.string() + ".2")[0], 2);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 3);
}

TEST_F(TraceOutputTest, OneFileIsBegunAnewInPlace) {
  TraceOutput output(path_, 1);
  for (int i = 0; i < 2; ++i) {
    output.beginFile("[" + std::to_string(i));
    EXPECT_EQ(output.append(""), std::nullopt);
  }
  EXPECT_EQ(parsed(path_), nlohmann::json::parse("[1]"));
}

TEST_F(TraceOutputTest, SaysWhatIsWrongAndTriesAgain) {
  const fs::path later = fs::path(folder_.path()) / "later";
  TraceOutput output((later / "trace.json").string(), 2);
  output.beginFile("[0");
  EXPECT_THAT(output.append(",1").value_or(""), HasSubstr("No such file or directory"));
  fs::create_directory(later);
  EXPECT_EQ(output.append(",2"), std::nullopt);
  EXPECT_EQ(parsed(later / "trace.json"), nlohmann::json::parse("[0,2]"));
}

TEST_F(TraceOutputTest, AFullDeviceAndOtherThingsThanFilesAreErrors) {
  TraceOutput full("/dev/full", 2);
  full.beginFile("[0");
  EXPECT_THAT(full.append(",1").value_or(""), HasSubstr("No space left on device"));
  EXPECT_THAT(full.append(",1").value_or(""), HasSubstr("No space left on device"));
  TraceOutput directory(folder_.path(), 2);
  directory.beginFile("[0");
  EXPECT_THAT(directory.append(",1").value_or(""), HasSubstr("Is a directory"));
  const std::string pipe = path_.string() + ".fifo";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  TraceOutput toPipe(pipe, 2);
  toPipe.beginFile("[0");
  EXPECT_TRUE(toPipe.append(",1").has_value()) << "and it has not waited for a reader";
}

// The limit of the process stands for a disk that is full after some bytes.
TEST_F(TraceOutputTest, AWriteThatFailsHalfWayIsTakenBack) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  TraceOutput output(path_, 1);
  output.beginFile("[0");
  ASSERT_EQ(output.append(",1"), std::nullopt);
  rlimit small = before;
  small.rlim_cur = 4096;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string many;
  for (int i = 0; i < 4000; ++i) many += ",\n2";
  const auto failure = output.append(many);
  const auto kept = contents(path_);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(failure.value_or(""), HasSubstr("File too large"));
  EXPECT_EQ(nlohmann::json::parse(kept), nlohmann::json::parse("[0,1]"));
  EXPECT_EQ(output.append(",3"), std::nullopt);
  EXPECT_EQ(parsed(path_), nlohmann::json::parse("[0,1,3]"));
}

}  // namespace
}  // namespace phial::detail
