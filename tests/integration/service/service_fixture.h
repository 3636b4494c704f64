// A loop and a pool, for tests of what watches them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master.h>
#include <sys/wait.h>

#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "jobs.h"
#include "tests/support/scratch_folder.h"

namespace phial {

class ServiceTest : public ::testing::Test {
 protected:
  void TearDown() override {
    endPool();
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
  }

  ProcessPool& makePool(PoolOptions options = {}) {
    options.onLog = [](const LogRecord&) {};
    pool_ = std::make_unique<ProcessPool>(reactor_, std::move(options));
    return *pool_;
  }

  void endPool() {
    if (!pool_) return;
    EXPECT_TRUE(await(pool_->stop({.within = Duration::zero()})).ok());
    EXPECT_TRUE(pool_->stats().balanced());
    pool_.reset();
  }

  /// Runs the loop until `deferred` has fired.
  template <class T>
  Outcome<T> await(Deferred<T> deferred) {
    std::optional<Outcome<T>> result;
    bool waiting = false;
    std::move(deferred).addBoth([&](Outcome<T> outcome) {
      result.emplace(std::move(outcome));
      if (waiting) reactor_.stop();
    });
    waiting = !result;
    if (waiting) reactor_.run();
    return std::move(*result);
  }
  template <class T>
  T valueOf(Deferred<T> deferred) {
    auto outcome = await(std::move(deferred));
    if (!outcome.ok()) throw std::runtime_error(outcome.failure().message());
    if constexpr (!std::is_void_v<T>) return std::move(outcome).value();
  }

  static std::string contents(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  const ScratchFolder folder_;
  Reactor reactor_;
  std::unique_ptr<ProcessPool> pool_;
};

}  // namespace phial
