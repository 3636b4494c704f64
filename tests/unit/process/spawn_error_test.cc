// Programs that cannot be started: a typed error, and nothing left behind (the fixture looks).
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <vector>

#include "tests/unit/process/process_fixture.h"

namespace phial {
namespace {

class SpawnErrorTest : public ProcessFixture {
 protected:
  void TearDown() override {
    for (const auto& path : files_) std::filesystem::remove(path);
    ProcessFixture::TearDown();
  }

  void expectError(const SpawnOptions& options, const std::string& step, const std::string& path,
                   int code) {
    try {
      reactor_->spawnProcess(options);
      FAIL() << "started";
    } catch (const SpawnError& error) {
      EXPECT_EQ(error.step(), step);
      EXPECT_EQ(error.path(), path);
      EXPECT_EQ(error.code(), code);
      EXPECT_NE(std::string(error.what()).find(strerror(code)), std::string::npos) << error.what();
    }
    // At once, not only in the end: a failed exec leaves no zombie.
    EXPECT_TRUE(hasNoChildren());
  }

  std::string makeFile(mode_t mode, const std::string& text) {
    std::string path = testing::TempDir() + "phial_spawn_" + std::to_string(getpid());
    const kj::AutoCloseFd file(open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0700));
    EXPECT_EQ(write(file, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    fchmod(file, mode);
    files_.push_back(path);
    return path;
  }

  std::vector<std::string> files_;
};

TEST_F(SpawnErrorTest, MissingExecutable) {
  SpawnOptions options;
  options.executable = "/nonexistent/program";
  expectError(options, "execve", "/nonexistent/program", ENOENT);
}

TEST_F(SpawnErrorTest, NameNotInPath) {
  SpawnOptions options;
  options.executable = "phial-no-such-program";
  expectError(options, "search in PATH", "phial-no-such-program", ENOENT);
  options.executable = "";
  expectError(options, "find", "", ENOENT);
}

TEST_F(SpawnErrorTest, NotExecutable) {
  SpawnOptions options;
  options.executable = makeFile(0600, "#!/bin/sh\n");
  expectError(options, "execve", options.executable, EACCES);
}

TEST_F(SpawnErrorTest, NotAProgram) {
  SpawnOptions options;
  options.executable = makeFile(0700, "echo no interpreter is named\n");
  expectError(options, "execve", options.executable, ENOEXEC);
}

TEST_F(SpawnErrorTest, MissingDirectory) {
  SpawnOptions options = shell("exit 0");
  options.directory = "/nonexistent";
  expectError(options, "chdir", "/nonexistent", ENOENT);
  options.directory = "/bin/sh";
  expectError(options, "chdir", "/bin/sh", ENOTDIR);
}

TEST_F(SpawnErrorTest, InheritedDescriptorThatIsNotOpen) {
  SpawnOptions options = shell("exit 0");
  options.descriptors[3] = InheritedFd{999999};
  expectError(options, "dup2", "/bin/sh", EBADF);
}

TEST_F(SpawnErrorTest, NoDescriptorsLeft) {
  // UBSan's first look at a type opens a pipe, for which there will be no room below.
  EXPECT_EQ(SpawnError("step", "path", EMFILE).code(), EMFILE);
  Process first = reactor_->spawnProcess(shell("exit 0"));
  EXPECT_EQ(runToExit(first), ExitStatus(Exited{0}));
  rlimit before;
  getrlimit(RLIMIT_NOFILE, &before);
  // Room for a few, so that every step gets its turn to fail.
  for (int room = 0; room < 8; ++room) {
    const kj::AutoCloseFd next(dup(0));
    const rlimit tight{static_cast<rlim_t>(next.get() + room), before.rlim_max};
    SpawnOptions options = shell("exit 0");
    options.descriptors = {{0, PipeToChild{}}, {1, PipeFromChild{}}};
    setrlimit(RLIMIT_NOFILE, &tight);
    std::optional<int> code;
    try {
      reactor_->spawnProcess(options);
    } catch (const SpawnError& error) {
      code = error.code();
    }
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(code, EMFILE) << room;
    EXPECT_TRUE(hasNoChildren());
  }
}

TEST_F(SpawnErrorTest, OptionsThatCannotBeMeant) {
  SpawnOptions options = shell("exit 0");
  options.descriptors[-1] = DevNull{};
  EXPECT_THROW(reactor_->spawnProcess(options), std::invalid_argument);
  options = shell(std::string("a\0b", 3));
  EXPECT_THROW(reactor_->spawnProcess(options), std::invalid_argument);
  options = shell("exit 0");
  options.environment.changes["A=B"] = "c";
  EXPECT_THROW(reactor_->spawnProcess(options), std::invalid_argument);
}

TEST_F(SpawnErrorTest, TheSignalMaskIsRestored) {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  SpawnOptions options;
  options.executable = "/nonexistent";
  expectError(options, "execve", "/nonexistent", ENOENT);
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (int s = 1; s < NSIG; ++s) EXPECT_EQ(sigismember(&after, s), sigismember(&before, s)) << s;
}

}  // namespace
}  // namespace phial
