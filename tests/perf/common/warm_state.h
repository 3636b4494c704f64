// What a template has prepared: memory that is full of numbers.
#pragma once

#include <cstdint>
#include <string>

namespace perf {

/// Fills so much memory. For PoolOptions::warm.
void fillMemory(std::uint64_t mebibytes);

/// A job: reads a word of each page of it, and returns their sum.
std::uint64_t readMemory();

/// A job: a field of this process's /proc/self/smaps_rollup, such as "Rss", in bytes.
std::uint64_t rollup(const std::string& field);

}  // namespace perf
