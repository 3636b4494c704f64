#include "worker/process_title.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <string>

namespace phial::detail {
namespace {

std::string contentOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ProcessTitleTest, TheNumberIsAfterTheLastSlash) {
  const auto name = WorkerName::parse("thumbs/large/12");
  EXPECT_EQ(name.pool, "thumbs/large");
  EXPECT_EQ(name.number, "12");
}

TEST(ProcessTitleTest, TheShortNameKeepsTheNumber) {
  EXPECT_EQ((WorkerName{"render", "3"}.shortName()), "render/3");
  EXPECT_EQ((WorkerName{"a-very-long-name-of-a-pool", "1234"}.shortName()), "a-very-lon/1234");
}

TEST(ProcessTitleTest, ProcessListsShowPoolAndNumberAndTheProgramKeepsItsArguments) {
  char program[] = "./server";
  char option[] = "--port=80";
  const std::array<char*, 3> argv{program, option, nullptr};
  std::array<int, 2> ready{};
  std::array<int, 2> done{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  ASSERT_EQ(::pipe(done.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string environment = contentOf("/proc/self/environ");
    showAs({"render", "3"}, 2, argv.data());
    const bool intact = std::string(argv[0]) == "./server" && std::string(argv[1]) == "--port=80" &&
                        contentOf("/proc/self/environ") == environment;
    char byte = intact ? 'y' : 'n';
    [[maybe_unused]] auto n = ::write(ready[1], &byte, 1);
    n = ::read(done[0], &byte, 1);
    ::_exit(0);
  }
  char intact = 0;
  ASSERT_EQ(::read(ready[0], &intact, 1), 1);
  const std::string folder = "/proc/" + std::to_string(child);
  EXPECT_EQ(contentOf(folder + "/comm"), "render/3\n");
  const std::string commandLine = contentOf(folder + "/cmdline");
  EXPECT_STREQ(commandLine.c_str(), "phial worker 3 of pool render: ./server --port=80");
  EXPECT_EQ(intact, 'y');
  ASSERT_EQ(::write(done[1], "", 1), 1);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  for (const int fd : {ready[0], ready[1], done[0], done[1]}) ::close(fd);
}

}  // namespace
}  // namespace phial::detail
