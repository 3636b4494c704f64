// Whether the kernel's out-of-memory killer has ended a worker.
//
// The kernel tells nobody: its victim dies of SIGKILL like any other. But it counts, for each
// memory control group (both versions) and for the machine. A SIGKILL that the pool did not send,
// while the count rose, was the killer's; each kill explains one death. What is left to chance:
// another process of the same group was its victim, and somebody's `kill -9` was the worker's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace phial::inline v1::detail {

/// Where the kernel tells; replaced in tests.
struct OomFiles {
  std::filesystem::path cgroupRoot = "/sys/fs/cgroup";
  std::filesystem::path membership = "/proc/self/cgroup";
  std::filesystem::path vmstat = "/proc/vmstat";
};

class OomKills {
 public:
  /// What had been counted at a worker's spawn.
  struct Mark {
    std::filesystem::path file;
    std::uint64_t kills;
    std::uint64_t claimed;
  };

  explicit OomKills(OomFiles files = {}) : files_(std::move(files)) {}

  /// Reads the counter of this process's group, in which its children start, or else the machine's.
  /// Nothing when there is none to read.
  std::optional<Mark> mark() const;

  /// If the counter has risen since `mark` by more than the deaths that have been explained: takes
  /// one kill as the explanation of this death, and says so in words for a certificate.
  std::optional<std::string> claim(const Mark& mark);

 private:
  OomFiles files_;
  std::uint64_t claimed_ = 0;
};

}  // namespace phial::inline v1::detail
