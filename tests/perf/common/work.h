// Work for a processor, in two kinds: an amount of it, and an amount of time. And work for none.
#pragma once

#include <chrono>
#include <cstdint>

namespace perf {

/// So many steps of arithmetic, each of which needs the one before.
std::uint64_t churn(std::uint64_t steps);

/// The steps that take this process `time` now.
std::uint64_t stepsFor(std::chrono::duration<double> time);

/// Seconds for one churn(steps) when `processes` plain forked processes do `each` of them at the
/// same time, the mean of theirs: what the cores give without any pool. On cores that share
/// something that is more than one process needs alone. REQUIRES: no Reactor exists.
double plainSecondsPerJob(int processes, int each, std::uint64_t steps);

/// Keeps a core busy until so much time has passed.
void spin(std::chrono::microseconds time);

/// Sleeps for so much time: work for a core that this machine does not have.
void nap(std::chrono::microseconds time);

}  // namespace perf
