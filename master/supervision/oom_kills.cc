#include "master/supervision/oom_kills.h"

#include <cstdlib>
#include <fstream>
#include <vector>

namespace phial::detail {
namespace {

namespace fs = std::filesystem;

// The line "oom_kill N", by which all of these files tell it.
std::optional<std::uint64_t> killsIn(const fs::path& path) {
  static const std::string kKey = "oom_kill ";
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(kKey)) continue;
    const char* const digits = line.c_str() + kKey.size();
    char* end = nullptr;
    const auto kills = std::strtoull(digits, &end, 10);
    if (end != digits) return kills;
  }
  return std::nullopt;
}

bool namesMemory(const std::string& controllers) {
  return ("," + controllers + ",").find(",memory,") != std::string::npos;
}

// The counters of `group` and of the groups above it, nearest first: a group without a memory
// controller belongs to the next above that has one. In a container the path that the kernel names
// may lie outside of what is mounted: then the mount itself is the group.
void addGroups(const fs::path& mount, const fs::path& group, const std::vector<std::string>& names,
               std::vector<fs::path>& files) {
  for (fs::path at = group.relative_path();; at = at.parent_path()) {
    for (const auto& name : names) files.push_back(mount / at / name);
    if (at.empty()) return;
  }
}

// Lines of the form hierarchy:controllers:path; version 2 has no controllers.
std::vector<fs::path> counters(const OomFiles& where) {
  std::vector<fs::path> files;
  std::ifstream membership(where.membership);
  for (std::string line; std::getline(membership, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) {
      // The local one does not count what dies in groups below.
      addGroups(where.cgroupRoot, group, {"memory.events.local", "memory.events"}, files);
    } else if (namesMemory(controllers)) {
      addGroups(where.cgroupRoot / controllers, group, {"memory.oom_control"}, files);
    }
  }
  files.push_back(where.vmstat);
  return files;
}

}  // namespace

std::optional<OomKills::Mark> OomKills::mark() const {
  for (const auto& file : counters(files_)) {
    if (const auto kills = killsIn(file)) return Mark{file, *kills, claimed_};
  }
  return std::nullopt;
}

std::optional<std::string> OomKills::claim(const Mark& mark) {
  const auto kills = killsIn(mark.file);
  const std::uint64_t explained = claimed_ - mark.claimed;
  if (!kills || *kills <= mark.kills + explained) return std::nullopt;
  ++claimed_;
  const bool machines = mark.file == files_.vmstat;
  return std::string("the kernel's out-of-memory killer ended it") +
         (machines ? ", by all appearances" : "") + ": nobody here sent the SIGKILL, and the " +
         (machines ? "machine's" : "control group's") + " count of such kills rose from " +
         std::to_string(mark.kills) + " to " + std::to_string(*kills) + " in its time";
}

}  // namespace phial::detail
