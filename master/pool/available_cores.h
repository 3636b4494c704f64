// How many cores this process may really use.
#pragma once

#include <filesystem>

namespace phial::inline v1::detail {

struct CoreLimits {
  /// Where cgroups are mounted, and which of them this process is in; replaced in tests.
  std::filesystem::path cgroupRoot = "/sys/fs/cgroup";
  std::filesystem::path membership = "/proc/self/cgroup";
};

/// The cores of this thread's affinity mask, or fewer if a CPU quota of its cgroup (version 1 or 2)
/// or of one above it allows less, rounded up; at least 1. std::thread::hardware_concurrency knows
/// nothing of quotas.
int availableCores(const CoreLimits& limits = {});

}  // namespace phial::inline v1::detail
