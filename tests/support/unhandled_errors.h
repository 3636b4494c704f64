// The failures that nobody handled, while it lives, in place of lines of the log. Any thread.
#pragma once

#include <phial/master/deferred.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace phial {

class UnhandledErrors {
 public:
  UnhandledErrors()
      : before_(setUnhandledErrorHook([kept = kept_](const Failure& failure) {
          const std::scoped_lock lock(kept->mutex);
          kept->messages.push_back(failure.message());
        })) {}
  ~UnhandledErrors() { setUnhandledErrorHook(std::move(before_)); }
  UnhandledErrors(const UnhandledErrors&) = delete;
  UnhandledErrors& operator=(const UnhandledErrors&) = delete;

  std::vector<std::string> messages() const {
    const std::scoped_lock lock(kept_->mutex);
    return kept_->messages;
  }

 private:
  struct Kept {
    std::mutex mutex;
    std::vector<std::string> messages;
  };

  const std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
  UnhandledErrorHook before_;
};

}  // namespace phial
