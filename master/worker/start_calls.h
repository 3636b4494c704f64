// What each worker of a pool does before its first job, in order: the preparation of
// PoolOptions::warm, unless a template has done it, PoolOptions::onStart, and then what
// ProcessPool::onEveryWorker has added for later workers.
//
// A worker makes the calls one after the other, and counts as ready when none is left. A call that
// is added while a worker is starting is made by this worker too.
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/detail/start_call.h>
#include <phial/master/worker_start.h>

#include <cstdint>
#include <map>
#include <utility>

namespace phial::inline v1::detail {

class StartCalls {
 public:
  /// The number that stands for what a template has done.
  static constexpr std::uint64_t kPrepare = 1;

  StartCalls(const WorkerPreparation& prepare, WorkerStart onStart) {
    if (prepare) calls_.emplace(kPrepare, WorkerStart(prepare.share()));
    if (onStart) calls_.emplace(kOnStart, std::move(onStart));
  }

  /// A call of the same function that was added before makes way for this one.
  void add(WorkerStart call) {
    const FunctionName name = call.call().function();
    std::erase_if(calls_, [&](const auto& other) {
      const FunctionName otherName = other.second.call().function();
      return other.first > kOnStart && otherName.name == name.name &&
             otherName.signature == name.signature;
    });
    calls_.emplace(++last_, std::move(call));
  }

  struct Next {
    std::uint64_t number;  // from 1; 0: no call is left
    const char* option;    // what asked for it; null when no call is left
    WorkerStart call;
  };
  /// The call to make after the one of this number; 0 stands before the first.
  Next after(std::uint64_t number) const {
    const auto next = calls_.upper_bound(number);
    if (next == calls_.end()) return {0, nullptr, {}};
    return {next->first, optionOf(next->first), next->second};
  }

 private:
  static constexpr std::uint64_t kOnStart = 2;

  static const char* optionOf(std::uint64_t number) {
    if (number == kPrepare) return "prepare";
    return number == kOnStart ? "onStart" : "onEveryWorker";
  }

  std::uint64_t last_ = kOnStart;
  std::map<std::uint64_t, WorkerStart> calls_;
};

}  // namespace phial::inline v1::detail
