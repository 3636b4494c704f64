// The ledger that a stress run keeps of its own, to hold against the pool's.
//
// It knows each job that was handed to the pool and has not come back, and nothing of how the pool
// counts. Memory: one number for each job in flight.
#pragma once

#include <phial/protocol/failure.h>

#include <cstdint>
#include <map>
#include <string>
#include <unordered_set>

namespace phial::inline v1::cli {

class Tally {
 public:
  /// Notes a new job and returns its number.
  std::uint64_t open();

  /// Note how a job has come back. Each returns whether the job had been open: when not, it has
  /// been settled twice, and is counted so and nowhere else.
  bool succeeded(std::uint64_t job);
  bool failed(std::uint64_t job, const Failure& failure);

  /// A settlement that the loop's error hook was told of, by AlreadyCalledError.
  void settledAgain() { ++twice_; }

  std::uint64_t submitted() const { return submitted_; }
  std::uint64_t succeeded() const { return succeeded_; }
  std::uint64_t failed() const { return failed_; }
  std::uint64_t cancelled() const { return cancelled_; }
  std::uint64_t settled() const { return succeeded_ + failed_ + cancelled_; }
  std::uint64_t settledTwice() const { return twice_; }
  std::uint64_t inFlight() const { return open_.size(); }
  /// How many failed for which reason; at most some dozens of reasons, the rest is "other".
  const std::map<std::string, std::uint64_t>& failedByCause() const { return causes_; }

 private:
  bool close(std::uint64_t job);

  std::unordered_set<std::uint64_t> open_;
  std::uint64_t submitted_ = 0;
  std::uint64_t succeeded_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t cancelled_ = 0;
  std::uint64_t twice_ = 0;
  std::map<std::string, std::uint64_t> causes_;
};

/// Why a job failed, in words that repeat: "WorkerDied, killed by SIGSEGV", "JobTimedOut".
std::string causeOf(const Failure& failure);

}  // namespace phial::inline v1::cli
