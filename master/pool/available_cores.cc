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

#include "master/process/control_groups.h"

namespace phial::inline v1::detail {
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

std::string firstWord(const fs::path& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

// One file at a time: a program may have few descriptors left.
double quotaVersion1(const fs::path& group) {
  const std::string allowed = firstWord(group / "cpu.cfs_quota_us");
  std::istringstream text(firstWord(group / "cpu.cfs_period_us"));
  double period = 0;
  return text >> period ? quota(allowed, period) : kNoLimit;
}

template <typename Quota>
double smallestQuota(const fs::path& mount, const fs::path& group, Quota quotaOf) {
  double smallest = kNoLimit;
  for (const auto& at : groupAndAbove(mount, group)) smallest = std::min(smallest, quotaOf(at));
  return smallest;
}

double coresByQuota(const CoreLimits& limits) {
  const fs::path& root = limits.cgroupRoot;
  double cores = kNoLimit;
  for (const auto& group : controlGroups(limits.membership)) {
    if (group.version2()) {
      cores = std::min(cores, smallestQuota(root, group.path, quotaVersion2));
    } else if (group.has("cpu")) {
      for (const auto& mount : {root / "cpu", root / group.controllers}) {
        cores = std::min(cores, smallestQuota(mount, group.path, quotaVersion1));
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

}  // namespace phial::inline v1::detail
