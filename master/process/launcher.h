// Starting a program: the one place that touches Boost.Process.
#pragma once

#include <kj/io.h>
#include <phial/master/process.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace phial::inline v1::detail {

struct Launched {
  pid_t pid;
  /// None (negative) when the child has ended and was reaped already, not by us.
  kj::AutoCloseFd pidfd;
  std::map<int, kj::AutoCloseFd> pipes;
  int lifeline;  // its number among the pipes, or -1
  /// What was not asked for, and what the system refuses the child: "nice: Operation not
  /// permitted".
  std::vector<std::string> refused;
  std::uint64_t rssFloorBytes;
};

/// Returns once the program is executing. Throws as spawnProcess does.
Launched launch(const SpawnOptions& options);

}  // namespace phial::inline v1::detail
