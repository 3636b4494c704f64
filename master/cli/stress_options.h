// The command line of `phial stress`.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/death_certificate.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "master/cli/fault.h"
#include "master/cli/json_values.h"

namespace phial::inline v1::cli {

enum class ReportFormat { text, json };
enum class PoolLog { none, toStderr };

struct StressOptions {
  std::size_t workers = 0;
  /// How many jobs; none: until `duration` is over.
  std::optional<std::uint64_t> jobs;
  std::optional<Duration> duration;
  /// The mean time between two signals to workers; zero: none is sent.
  Duration killEvery{};
  /// What jobs inflict on their workers; with `worker`, what is inflicted by signals.
  std::vector<Fault> faults;
  /// One job in so many inflicts a fault.
  std::uint64_t faultEvery = 100;
  /// One job in so many is cancelled by its caller; 0: none.
  std::uint64_t cancelEvery = 0;
  std::size_t recycleAfter = 0;
  /// From a template, which is killed too.
  WorkerOrigin origin = WorkerOrigin::spawned;
  /// Half of the jobs are calls on an interface that the workers export.
  bool interface = false;
  Duration timeout{};
  std::uint64_t seed = 0;
  ReportFormat format = ReportFormat::text;
  PoolLog log = PoolLog::none;
  /// Where the pool's metrics go at the end; "-": standard output; empty: nowhere.
  std::string metrics;
  /// The file that gets the pool's trace; empty: none.
  std::string trace;

  /// Another program's worker, and what is called in it; empty: the command's own.
  std::vector<std::string> worker;
  std::string function;
  Values arguments;

  bool ownWorker() const { return worker.empty(); }
};

/// The signal that does from outside what the fault does from within; nothing when the worker has
/// to take part.
std::optional<int> signalOf(Fault fault);

/// "10ms", "1.5s", "2m", "1h", "250us"; a number alone is seconds. Throws std::invalid_argument
/// with a message for a person.
Duration parseDuration(const std::string& text);

}  // namespace phial::inline v1::cli
