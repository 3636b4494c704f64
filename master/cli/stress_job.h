// What the command's own workers do in a stress run.
#pragma once

#include <cstdint>

#include "master/cli/fault.h"

namespace phial::cli {

/// A few microseconds of arithmetic with a result that the master can check.
std::uint64_t scramble(std::uint64_t seed);

/// Inflicts the fault on the worker.
void sabotage(Fault fault, std::uint64_t seed);

}  // namespace phial::cli
