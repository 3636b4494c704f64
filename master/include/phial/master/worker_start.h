// What each worker of a pool does before its first job: PoolOptions::onStart.
//
// startWith() in start_with.h makes it. This header alone needs no Cap'n Proto.
//
// Thread rule: a WorkerStart never changes; copies share it.
#pragma once

#include <memory>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {
class StartCall;
}

class WorkerStart {
 public:
  /// Nothing is to be done.
  WorkerStart() = default;
  /// Private to the library.
  explicit WorkerStart(std::shared_ptr<const detail::StartCall> call) : call_(std::move(call)) {}

  /// True if there is something to be done.
  explicit operator bool() const { return call_ != nullptr; }
  /// Private to the library. REQUIRES: there is something to be done.
  const detail::StartCall& call() const { return *call_; }

 private:
  std::shared_ptr<const detail::StartCall> call_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
