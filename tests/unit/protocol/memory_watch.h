// Sees when the kernel frees a memory file: when its last holder is gone, files that are under way
// in a socket included.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

namespace phial {

class MemoryWatch {
 public:
  /// `file` is a link to it below /proc. Watching does not hold the file.
  explicit MemoryWatch(const std::string& file) : inotify_(::inotify_init1(IN_CLOEXEC)) {
    EXPECT_GE(::inotify_add_watch(inotify_, file.c_str(), IN_DELETE_SELF), 0) << file;
  }
  explicit MemoryWatch(int fd) : MemoryWatch("/proc/self/fd/" + std::to_string(fd)) {}
  ~MemoryWatch() { ::close(inotify_); }
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;

  bool freed() const { return poll(0); }
  /// Waits for it; ctest's timeout is behind it.
  void awaitFreed() const { EXPECT_TRUE(poll(-1)); }

 private:
  bool poll(int timeout) const {
    pollfd watched{inotify_, POLLIN, 0};
    return ::poll(&watched, 1, timeout) == 1;
  }

  int inotify_;
};

/// The descriptors of a process that are shared memory, as links below /proc.
inline std::vector<std::string> sharedMemoryFiles(const std::string& process = "self") {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + process + "/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
    if (target.starts_with("/memfd:phial-shared")) found.push_back(entry.path());
  }
  return found;
}

}  // namespace phial
