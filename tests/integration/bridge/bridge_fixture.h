// What every test here begins and ends with: no child and no descriptor is left.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>

#include "jobs.h"
#include "tests/support/scratch_folder.h"

namespace phial {

class BridgeTest : public ::testing::Test {
 protected:
  void TearDown() override {
    pool_.reset();
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
    EXPECT_EQ(errno, ECHILD);
    EXPECT_EQ(openDescriptors(), descriptorsBefore_) << "a descriptor is left";
  }

  BlockingPool& makePool(PoolOptions options = {.max = 2}) {
    if (!options.onLog) options.onLog = [](const LogRecord&) {};
    pool_ = std::make_unique<BlockingPool>(std::move(options));
    return *pool_;
  }

  /// A FIFO for bridge_jobs::waitFor.
  std::string makeFifo(const std::string& name) const {
    const std::string path = folder_.path() + "/" + name;
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    return path;
  }
  /// Waits until a job reads the FIFO. The job ends when the descriptor is closed.
  static int awaitReader(const std::string& path) {
    return ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  }

  static std::size_t openDescriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  const std::size_t descriptorsBefore_ = openDescriptors();
  const ScratchFolder folder_;
  std::unique_ptr<BlockingPool> pool_;
};

}  // namespace phial
