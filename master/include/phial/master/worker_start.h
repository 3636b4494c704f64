// What each worker of a pool does before its first job, and what its workers are forked from:
// PoolOptions::onStart and PoolOptions::warm.
//
// startWith() and prepareWith() in start_with.h make them. This header alone needs no Cap'n Proto.
//
// Thread rule: neither ever changes; copies share the call.
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

/// What the template process of a pool does before workers are forked from it.
class WorkerPreparation {
 public:
  /// There is no template: each worker is spawned.
  WorkerPreparation() = default;
  /// Private to the library.
  explicit WorkerPreparation(std::shared_ptr<const detail::StartCall> call)
      : call_(std::move(call)) {}

  /// True if there is a template.
  explicit operator bool() const { return call_ != nullptr; }
  /// Private to the library. REQUIRES: there is a template.
  const detail::StartCall& call() const { return *call_; }
  const std::shared_ptr<const detail::StartCall>& share() const { return call_; }

 private:
  std::shared_ptr<const detail::StartCall> call_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
