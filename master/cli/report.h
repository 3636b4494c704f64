// What a stress run has come to, and whether that is good enough.
#pragma once

#include <phial/master/pool_options.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "master/cli/census.h"
#include "master/cli/series.h"

namespace phial::inline v1::cli {

struct Report {
  /// The run's own ledger. Jobs that have not come back when the pool has stopped are lost.
  std::uint64_t submitted = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t lost = 0;
  std::uint64_t settledTwice = 0;
  /// Results that were not what the function returns.
  std::uint64_t wrong = 0;
  std::map<std::string, std::uint64_t> failedByCause;
  /// Objects that broke with their worker, after the job that gave them had succeeded.
  std::uint64_t brokenObjects = 0;
  /// Failures that no fault explains, by reason.
  std::map<std::string, std::uint64_t> unexplained;
  /// Failures that blame a worker's death.
  std::uint64_t blamedOnDeaths = 0;

  /// The pool's ledger at its end.
  PoolStats pool;

  std::uint64_t restarts = 0;
  double restartMsP50 = 0;
  double restartMsP99 = 0;
  double restartMsMax = 0;
  std::uint64_t signalsSent = 0;

  Footprint before;
  Footprint after;
  Children left;
  Series series;

  double seconds = 0;
  std::uint64_t seed = 0;
  enum class End { done, interrupted, stalled } end = End::done;
  /// Errors that came out in the loop or in stopping the pool; at most some.
  std::vector<std::string> troubles;
};

/// What is wrong with it, a line each; empty when the ledger balances and nothing leaked. Memory is
/// shown but not judged: what an allocator keeps is no leak.
std::vector<std::string> objections(const Report& report);

/// For a person.
std::string describe(const Report& report);
/// One JSON object, with a line's end.
std::string toJson(const Report& report);

}  // namespace phial::inline v1::cli
