// The control groups that this process is in, of both versions.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace phial::inline v1::detail {

/// One line of /proc/self/cgroup.
struct ControlGroup {
  std::string controllers;  ///< version 1: a list such as "cpu,cpuacct"; empty in version 2
  std::filesystem::path path;

  bool version2() const { return controllers.empty(); }
  /// Whether it is a group of version 1 with the controller `name`.
  bool has(std::string_view name) const;
};

/// The groups that `membership`, a file of that form, names; none when it cannot be read.
std::vector<ControlGroup> controlGroups(const std::filesystem::path& membership);

/// `group` below `mount` and all above it, nearest first, the mount itself last. In a container the
/// path that the kernel names may lie outside of what is mounted: then the mount is the group.
std::vector<std::filesystem::path> groupAndAbove(const std::filesystem::path& mount,
                                                 const std::filesystem::path& group);

}  // namespace phial::inline v1::detail
