// What every test of a pool begins and ends with: at the end there is no child, no descriptor more
// than at the start, and the ledger was balanced.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <string>

#include "jobs.h"
#include "tests/support/scratch_folder.h"

namespace phial {

class PoolTest : public ::testing::Test {
 protected:
  PoolTest() : descriptorsBefore_(openDescriptors()), reactor_(std::make_unique<Reactor>()) {}

  void TearDown() override {
    if (pool_) {
      if (!await(pool_->stop({.within = Duration::zero()})).ok()) ADD_FAILURE() << "stop() failed";
      EXPECT_TRUE(pool_->stats().balanced());
      EXPECT_EQ(pool_->stats().workers, 0U);
      EXPECT_EQ(pool_->stats().queued + pool_->stats().running, 0U);
      pool_.reset();
    }
    reactor_.reset();
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
    EXPECT_EQ(errno, ECHILD);
    EXPECT_EQ(openDescriptors(), descriptorsBefore_) << "a descriptor is left";
  }

  /// Makes the pool, with a log that the test can read, on `clock` or on real time.
  ProcessPool& makePool(PoolOptions options = {}, Clock* clock = nullptr) {
    if (!options.onLog) options.onLog = [this](const LogRecord& record) { note(record); };
    pool_ = std::make_unique<ProcessPool>(*reactor_, std::move(options),
                                          clock != nullptr ? *clock : *reactor_);
    return *pool_;
  }

  /// Keeps a record as a line of log_.
  void note(const LogRecord& record) {
    log_ << levelName(record.level) << ' ' << record.pool;
    if (record.worker != 0) log_ << " [worker " << record.worker << "]";
    log_ << ' ' << record.text << '\n';
  }

  /// Runs the loop until `deferred` has fired.
  template <class T>
  Outcome<T> await(Deferred<T> deferred) {
    std::optional<Outcome<T>> result;
    bool waiting = false;  // stop() before the first run() would end that one
    std::move(deferred).addBoth([&](Outcome<T> outcome) {
      result.emplace(std::move(outcome));
      if (waiting) reactor_->stop();
    });
    waiting = !result;
    if (waiting) reactor_->run();
    return std::move(*result);
  }
  template <class T>
  T valueOf(Deferred<T> deferred) {
    auto outcome = await(std::move(deferred));
    if (!outcome.ok()) throw std::runtime_error(outcome.failure().message());
    if constexpr (!std::is_void_v<T>) return std::move(outcome).value();
  }
  /// The failure; a test failure when there is none.
  template <class T>
  Failure failureOf(Deferred<T> deferred) {
    auto outcome = await(std::move(deferred));
    if (!outcome.ok()) return outcome.failure();
    ADD_FAILURE() << "it succeeded";
    return Failure(std::logic_error("it succeeded"));
  }

  /// Runs the loop until `condition()` holds, looking at it in each turn.
  template <class Condition>
  void runUntil(Condition condition) {
    while (!condition()) {
      reactor_->callLater(std::chrono::milliseconds(1), [this] { reactor_->stop(); });
      reactor_->run();
    }
  }

  /// Gives everything that could happen the turns to happen in, for a test that nothing does.
  void passTurns() {
    for (int i = 0; i < 20; ++i) valueOf(deferLater(*reactor_, Duration::zero(), [] {}));
  }

  /// A FIFO for jobs::waitFor and its kind.
  std::string makeFifo(const std::string& name) const {
    const std::string path = directory_ + "/" + name;
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    return path;
  }
  /// Runs the loop until jobs::waitFor(path) has begun, and lets it go on.
  void letGo(const std::string& path) {
    runUntil([&] {
      const int writer = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
      if (writer >= 0) ::close(writer);
      return writer >= 0;
    });
  }
  /// Runs the loop until a job has announced itself at `path`.
  void awaitAnnouncement(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool announced = false;
    // A FIFO without a writer reports nothing; one whose writer has come and gone is at its end.
    Watch watch = reactor_->addReader(fd, [&] { announced = true; });
    runUntil([&] { return announced; });
    watch.stop();
    ::close(fd);
  }

  /// What it had printed: the first lines and, behind the gap if there is one, the last.
  static std::vector<std::string> printedBy(const DeathCertificate& death) {
    auto lines = death.stderrHead;
    lines.insert(lines.end(), death.stderrTail.begin(), death.stderrTail.end());
    return lines;
  }

  static std::size_t openDescriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
      ++count;
    return count;
  }

  const std::size_t descriptorsBefore_;
  std::unique_ptr<Reactor> reactor_;
  std::ostringstream log_;
  ManualClock clock_;
  std::unique_ptr<ProcessPool> pool_;
  const ScratchFolder folder_;
  const std::string directory_ = folder_.path();
};

}  // namespace phial
