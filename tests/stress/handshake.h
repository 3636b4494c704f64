// A worker that gets as far as the handshake and meets its fault in the middle of it.
#pragma once

#include "fuse.h"

namespace matrix {

/// Waits for describe() on the worker's pipes; the fault strikes before it is answered.
[[noreturn]] void meetInHandshake(const Fuse& fuse);

}  // namespace matrix
