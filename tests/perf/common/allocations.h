// Counts what a program takes from operator new. Linking this replaces the global operators, as
// Seastar's performance tests do; memory from malloc, such as Cap'n Proto's segments, is not seen.
#pragma once

#include <cstdint>

namespace perf {

/// Calls of operator new in this process so far, on all threads.
std::uint64_t allocations();

}  // namespace perf
