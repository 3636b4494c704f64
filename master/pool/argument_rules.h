// What a pool says of the arguments of a job: how large they may be, and how their failure reads.
#pragma once

#include <phial/master/pool_options.h>
#include <phial/protocol/failure.h>
#include <phial/protocol/thresholds.h>

#include <algorithm>
#include <cstdint>

namespace phial::inline v1::detail {

/// How many bytes of arguments fit into a message of the pool.
inline std::uint64_t maxArgumentBytes(const PoolOptions& options) {
  return options.maxMessageBytes - std::min(options.maxMessageBytes, kEnvelopeBytes);
}

/// The failure of a job whose arguments could not be converted, copied, measured or written because
/// of `cause`. Phial's own errors stay themselves; others become an EncodingError, because
/// arguments are the caller's affair, wherever their fault is found.
Failure argumentFailure(Failure cause);

}  // namespace phial::inline v1::detail
