#include "master/process/control_groups.h"

#include <fstream>

namespace phial::inline v1::detail {

namespace fs = std::filesystem;

bool ControlGroup::has(std::string_view name) const {
  const std::string list = "," + controllers + ",";
  return list.find("," + std::string(name) + ",") != std::string::npos;
}

// Lines of the form hierarchy:controllers:path.
std::vector<ControlGroup> controlGroups(const fs::path& membership) {
  std::vector<ControlGroup> groups;
  std::ifstream file(membership);
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    groups.push_back({line.substr(first + 1, second - first - 1), line.substr(second + 1)});
  }
  return groups;
}

std::vector<fs::path> groupAndAbove(const fs::path& mount, const fs::path& group) {
  std::vector<fs::path> groups;
  for (fs::path at = group.relative_path();; at = at.parent_path()) {
    groups.push_back(mount / at);
    if (at.empty()) return groups;
  }
}

}  // namespace phial::inline v1::detail
