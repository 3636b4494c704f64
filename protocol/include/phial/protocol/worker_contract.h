// What a master and the worker it spawns agree on before they exchange a message.
#pragma once

#include <string_view>

namespace phial {

/// Descriptors of a worker. 0 is /dev/null; 1 and 2 are captured line by line by the master.
inline constexpr int kRequestFd = 3;
inline constexpr int kReplyFd = 4;
inline constexpr int kControlPageFd = 5;
/// Shared memory for large messages, see arena.h; closed when the master has none.
inline constexpr int kRequestArenaFd = 6;
inline constexpr int kReplyArenaFd = 7;
/// A pipe that carries nothing: when the master's end of it closes, the kernel kills the worker's
/// process group. Left open for what the worker's jobs spawn, which then dies with the master also
/// after the worker has.
inline constexpr int kLifelineFd = 8;
/// A Unix socket for files that travel beside messages, both ways.
inline constexpr int kFileLaneFd = 9;

/// Set in a worker's environment by the pool that spawned it, to "pool/number", the names that its
/// process title shows; removed when the worker serves, so that what its jobs spawn does not take
/// itself for a worker.
inline constexpr const char* kWorkerVariable = "PHIAL_WORKER";

/// Exit status of a process that was started as a worker but made a pool instead of serving.
inline constexpr int kNeverServedStatus = 78;  // EX_CONFIG of sysexits.h
/// Exit status of a worker program that was started by hand.
inline constexpr int kNotAWorkerStatus = 64;  // EX_USAGE
/// Exit status of a worker whose onStart threw, whose master speaks another protocol, or whose
/// requests can no longer be read.
inline constexpr int kCannotServeStatus = 69;  // EX_UNAVAILABLE

/// Which build of Phial this is: release and schema fingerprint. Master and worker must hold the
/// same one.
std::string_view buildId();

}  // namespace phial
