// The work of the metrics example.
#pragma once

#include <cstdint>

/// How many steps of Collatz's rule lead from `number` to 1. REQUIRES: number is above 0.
std::uint64_t collatzSteps(std::uint64_t number);
