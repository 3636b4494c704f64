// What a master and its worker agree on before they exchange a message.
#pragma once

#include <string_view>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Descriptors of a worker. 0 is /dev/null. The master reads 1 and 2 line by line.
inline constexpr int kRequestFd = 3;
inline constexpr int kReplyFd = 4;
inline constexpr int kControlPageFd = 5;
/// Shared memory for large messages, see arena.h; closed when the master has none.
inline constexpr int kRequestArenaFd = 6;
inline constexpr int kReplyArenaFd = 7;
/// A pipe that carries nothing. When the master's end closes, the kernel kills the worker's process
/// group. Programs that jobs spawn inherit it, so that they die with the master even after the
/// worker's end.
inline constexpr int kLifelineFd = 8;
/// A Unix socket for files that travel beside messages, in both directions.
inline constexpr int kFileLaneFd = 9;

/// Set in a worker's environment by its pool to "pool/number", which the process title shows.
/// Removed when the worker serves, so that programs started by jobs do not take themselves for
/// workers.
inline constexpr const char* kWorkerVariable = "PHIAL_WORKER";

/// Exit status of a process that was started as a worker but made a pool instead of serving.
inline constexpr int kNeverServedStatus = 78;  // EX_CONFIG of sysexits.h
/// Exit status of a worker program that was started by hand.
inline constexpr int kNotAWorkerStatus = 64;  // EX_USAGE
/// Exit status of a worker whose onStart or onStop threw, whose master speaks another protocol,
/// whose requests can no longer be read, or that a job has damaged.
inline constexpr int kCannotServeStatus = 69;  // EX_UNAVAILABLE

/// The build of Phial: its release and the fingerprint of its schema. Master and worker must have
/// the same.
std::string_view buildId();

}  // namespace phial::inline v1

#pragma GCC visibility pop
