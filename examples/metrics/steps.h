// The work of the metrics example.
#pragma once

#include <cstdint>
#include <string>

/// How many steps of Collatz's rule lead from `number` to 1, such as "111 steps". REQUIRES: number
/// is above 0.
std::string collatzSteps(std::uint64_t number);
