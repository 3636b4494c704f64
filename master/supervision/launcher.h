// Starting a program: the one place that touches Boost.Process.
#pragma once

#include <kj/io.h>
#include <phial/master/process.h>

#include <cstdint>
#include <map>

namespace phial::detail {

struct Launched {
  pid_t pid;
  /// None (negative) when the child has ended and was reaped already, not by us.
  kj::AutoCloseFd pidfd;
  std::map<int, kj::AutoCloseFd> pipes;
  std::uint64_t rssFloorBytes;
};

/// Returns once the program is executing. Throws as spawnProcess does.
Launched launch(const SpawnOptions& options);

}  // namespace phial::detail
