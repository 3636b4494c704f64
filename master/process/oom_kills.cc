#include "master/process/oom_kills.h"

#include <cstdlib>
#include <fstream>
#include <vector>

#include "master/process/control_groups.h"

namespace phial::inline v1::detail {
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

// The counters, nearest first: a group without a memory controller belongs to the next above that
// has one.
std::vector<fs::path> counters(const OomFiles& where) {
  std::vector<fs::path> files;
  for (const auto& group : controlGroups(where.membership)) {
    if (group.version2()) {
      for (const auto& at : groupAndAbove(where.cgroupRoot, group.path)) {
        // The local one does not count what dies in groups below.
        files.insert(files.end(), {at / "memory.events.local", at / "memory.events"});
      }
    } else if (group.has("memory")) {
      for (const auto& at : groupAndAbove(where.cgroupRoot / group.controllers, group.path)) {
        files.push_back(at / "memory.oom_control");
      }
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

}  // namespace phial::inline v1::detail
