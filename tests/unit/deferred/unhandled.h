// Collects the failures that nobody handled while it lives, and fails the test if some are left.
#pragma once

#include <gtest/gtest.h>
#include <phial/master/deferred.h>

#include <string>
#include <utility>
#include <vector>

namespace phial {

class UnhandledErrors {
 public:
  UnhandledErrors()
      : previous_(
            setUnhandledErrorHook([this](const Failure& f) { seen_.push_back(f.message()); })) {}
  ~UnhandledErrors() {
    setUnhandledErrorHook(std::move(previous_));
    EXPECT_TRUE(seen_.empty()) << "unhandled: " << seen_.front();
  }
  UnhandledErrors(const UnhandledErrors&) = delete;
  UnhandledErrors& operator=(const UnhandledErrors&) = delete;

  /// The messages so far, each given once.
  std::vector<std::string> take() { return std::exchange(seen_, {}); }

 private:
  std::vector<std::string> seen_;
  UnhandledErrorHook previous_;
};

}  // namespace phial
