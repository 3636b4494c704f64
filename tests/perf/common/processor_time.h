// What a process has cost its processors.
#pragma once

namespace perf {

/// The processor time of this process so far, user and system, of all its threads and without its
/// children, in seconds.
double processorSeconds();

}  // namespace perf
