#include "master/pool/available_cores.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

namespace phial::detail {
namespace {

namespace fs = std::filesystem;

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

int coresByAffinity() {
  // The mask's size is the kernel's, not CPU_SETSIZE: ask with more until it fits.
  for (std::size_t cpus = CPU_SETSIZE; cpus <= (1U << 20); cpus *= 2) {
    std::vector<cpu_set_t> mask(cpus / CPU_SETSIZE);
    const std::size_t bytes = mask.size() * sizeof(cpu_set_t);
    if (sched_getaffinity(0, bytes, mask.data()) == 0) return CPU_COUNT_S(bytes, mask.data());
    if (errno != EINVAL) break;
  }
  return 1;
}

double quota(const std::string& allowed, double period) {
  double microseconds = 0;
  std::istringstream text(allowed);
  // "max" in version 2, -1 in version 1: no limit.
  if (!(text >> microseconds) || microseconds <= 0 || period <= 0) return kNoLimit;
  return microseconds / period;
}

double quotaVersion2(const fs::path& group) {
  std::ifstream file(group / "cpu.max");
  std::string allowed;
  double period = 0;
  return file >> allowed >> period ? quota(allowed, period) : kNoLimit;
}

double quotaVersion1(const fs::path& group) {
  std::ifstream quotaFile(group / "cpu.cfs_quota_us");
  std::ifstream periodFile(group / "cpu.cfs_period_us");
  std::string allowed;
  double period = 0;
  return quotaFile >> allowed && periodFile >> period ? quota(allowed, period) : kNoLimit;
}

// The smallest quota from `group` up to the mount. In a container the path that the kernel names
// may lie outside of what is mounted: then the mount itself is the group.
template <typename Quota>
double smallestQuota(const fs::path& mount, const fs::path& group, Quota quotaOf) {
  double smallest = quotaOf(mount);
  fs::path at = mount;
  for (const auto& part : group.relative_path()) {
    at /= part;
    smallest = std::min(smallest, quotaOf(at));
  }
  return smallest;
}

bool hasController(const std::string& list, const std::string& name) {
  std::istringstream names(list);
  for (std::string one; std::getline(names, one, ',');) {
    if (one == name) return true;
  }
  return false;
}

double coresByQuota(const CoreLimits& limits) {
  double cores = kNoLimit;
  std::ifstream membership(limits.membership);
  // Lines of the form hierarchy:controllers:path; version 2 has hierarchy 0 and no controllers.
  for (std::string line; std::getline(membership, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) {
      cores = std::min(cores, smallestQuota(limits.cgroupRoot, group, quotaVersion2));
    } else if (hasController(controllers, "cpu")) {
      for (const auto& mount : {limits.cgroupRoot / "cpu", limits.cgroupRoot / controllers}) {
        cores = std::min(cores, smallestQuota(mount, group, quotaVersion1));
      }
    }
  }
  return cores;
}

}  // namespace

int availableCores(const CoreLimits& limits) {
  const int cores = coresByAffinity();
  const double allowed = std::ceil(coresByQuota(limits));
  return std::max(1, allowed < cores ? static_cast<int>(allowed) : cores);
}

}  // namespace phial::detail
