// Sorting by jobs that call jobs.
#pragma once

#include <cstdint>
#include <vector>

using Numbers = std::vector<std::int64_t>;

/// Returns the numbers in order. Gives away parts of more than `grain` numbers to other workers.
/// Runs as a job.
Numbers quicksort(Numbers numbers, std::uint64_t grain);
