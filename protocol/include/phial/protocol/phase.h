// What a worker is doing: it says so on its control page, and its death certificate keeps the last.
#pragma once

#include <cstdint>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// What a worker is doing.
enum class Phase : std::uint32_t {
  starting,    ///< from exec to the answer of the handshake; onStart runs here
  idle,        ///< waiting for a job
  decoding,    ///< reading a job's arguments
  running,     ///< inside the user's function
  encoding,    ///< writing the result
  delivering,  ///< the result is on its way to the pipe
  stopping,    ///< asked to end; onStop runs here
};

/// The phase as a word: "starting", "idle", ...; "unknown" for another value.
const char* phaseName(Phase phase);

}  // namespace phial::inline v1

#pragma GCC visibility pop
