// What the tests with real child processes share: a reactor, /bin/sh, and a count of what must not
// be left behind.
#pragma once

#include <gtest/gtest.h>
#include <kj/io.h>
#include <phial/master/process.h>
#include <phial/master/reactor.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

namespace phial {

inline auto openDescriptors() {
  using Files = std::filesystem::directory_iterator;
  return std::distance(Files("/proc/self/fd"), Files());
}

/// No child of this process is left, running or zombie.
inline bool hasNoChildren() { return waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

/// Reads to the end, which the test's time limit bounds.
inline std::string readToEnd(int fd) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n > 0) {
      text.append(buffer, static_cast<std::size_t>(n));
    } else if (n < 0 && errno == EAGAIN) {
      pollfd wait{fd, POLLIN, 0};
      poll(&wait, 1, -1);
    } else {
      return text;
    }
  }
}

class ProcessFixture : public testing::Test {
 protected:
  ProcessFixture() : descriptorsBefore_(openDescriptors()), reactor_(new Reactor) {}

  void TearDown() override {
    reactor_.reset();
    EXPECT_TRUE(hasNoChildren());
    EXPECT_EQ(openDescriptors(), descriptorsBefore_);
  }

  static SpawnOptions shell(std::string script) {
    SpawnOptions options;
    options.executable = "/bin/sh";
    options.args = {"-c", std::move(script)};
    return options;
  }

  ExitStatus runToExit(Process& process) {
    process.onExit([this](const ExitStatus&) { reactor_->stop(); });
    reactor_->run();
    return process.status().value();
  }

  ExitStatus run(const SpawnOptions& options) {
    Process process = reactor_->spawnProcess(options);
    return runToExit(process);
  }

  /// What the program writes to its standard output.
  std::string outputOf(SpawnOptions options) {
    options.descriptors[1] = PipeFromChild{};
    Process process = reactor_->spawnProcess(options);
    const kj::AutoCloseFd out = process.takePipe(1);
    std::string text = readToEnd(out);
    EXPECT_EQ(runToExit(process), ExitStatus(Exited{0}));
    return text;
  }

  const std::ptrdiff_t descriptorsBefore_;
  std::unique_ptr<Reactor> reactor_;
};

}  // namespace phial
