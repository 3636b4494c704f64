// The work of the small examples. It knows nothing of loops or pools.
#pragma once

#include <cstdint>

/// Whether `n` is a prime number. By trial division, so that a large prime takes seconds.
bool isPrime(std::uint64_t n);
