// What jobs do that they may do, or do by mistake, and that their worker survives or is replaced
// for: nobody else is to notice.
#pragma once

#include <cstdint>

#include "master/cli/fault.h"

namespace phial::inline v1::cli {

/// Does it to this process and returns. REQUIRES: livesOn(fault); called in a worker, by a job.
/// `seed` chooses among its kinds.
void misbehave(Fault fault, std::uint64_t seed);

}  // namespace phial::inline v1::cli
