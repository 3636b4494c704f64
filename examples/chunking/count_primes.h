// The long computation: an ordinary function that knows nothing of loops.
#pragma once

#include <cstdint>

/// How many primes there are from `begin` to below `end`, by trial division.
std::uint64_t countPrimes(std::uint64_t begin, std::uint64_t end);
