// What tests of workers that do not get ready share.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <kj/io.h>
#include <phial/master/process.h>
#include <sys/stat.h>

#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pool_fixture.h"

namespace phial {

inline constexpr unsigned kGiveUpAfter = RestartOptions{}.failedStarts;

inline std::string child(const std::string& name) {
  return std::string(PHIAL_CHILDREN "/phial_child_") + name;
}

inline std::vector<std::string> linesOf(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

class PoolStartupTest : public PoolTest {
 protected:
  using Command = std::vector<std::string>;

  /// No real process is so slow that it misses this handshake, whatever the clock is moved by.
  ProcessPool& makePoolOf(Command worker) {
    return makePool(
        {.worker = std::move(worker), .max = 1, .startTimeout = std::chrono::hours(1000)}, &clock_);
  }

  /// What the job failed with, moving the clock over the pauses in which there is no worker. After
  /// the last start before the pool gives up the clock stands still: there is no pause to come, and
  /// a pool that has given up but has not told it yet would otherwise begin again.
  template <class T>
  Failure failureOverPauses(ProcessPool& pool, Deferred<T> deferred) {
    std::optional<Outcome<T>> result;
    std::move(deferred).addBoth([&](Outcome<T> outcome) { result.emplace(std::move(outcome)); });
    runUntil([&] {
      const auto stats = pool.stats();
      const bool pausing = stats.workers == 0 && stats.spawned < kGiveUpAfter;
      if (!result && pausing) clock_.advance(std::chrono::seconds(1));
      return result.has_value();
    });
    if (!result->ok()) return result->failure();
    ADD_FAILURE() << "it succeeded";
    return Failure(std::logic_error("it succeeded"));
  }

  /// Why no worker of this command gets ready, as start() says it.
  Failure startupFailureOf(Command worker) {
    auto& pool = makePoolOf(std::move(worker));
    const Failure failure = failureOverPauses(pool, pool.start());
    EXPECT_TRUE(failure.check<StartupFailed>()) << failure.message();
    EXPECT_EQ(pool.stats().spawned, kGiveUpAfter);
    return failure;
  }

  void expectMissing(const Failure& failure, const std::string& errnoText) {
    EXPECT_TRUE(failure.check<StartupFailed>()) << failure.message();
    EXPECT_THAT(failure.describe(), ::testing::HasSubstr(errnoText));
  }

  std::string makeFile(const std::string& name, mode_t mode) const {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path) << "no program\n";
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }

  /// Runs a program by hand, to its end.
  struct Run {
    ExitStatus status;
    std::vector<std::string> stderrLines;
  };
  Run runByHand(const std::string& program, std::map<std::string, std::optional<std::string>> env) {
    const std::string path = directory_ + "/stderr";
    const kj::AutoCloseFd output(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    Process process = reactor_->spawnProcess({.executable = program,
                                              .args = {},
                                              .argv0 = {},
                                              .environment = {.changes = std::move(env)},
                                              .directory = {},
                                              .descriptors = {{2, InheritedFd{output.get()}}}});
    const ExitStatus status = valueOf(process.exited());
    return {status, linesOf(path)};
  }
};

}  // namespace phial
