// The file of a Unix socket that listens: taken over when it is dead, removed when it is ours.
#pragma once

#include <phial/protocol/fork_mark.h>
#include <sys/types.h>

#include <string>

namespace phial::inline v1::detail {

class UnixPath {
 public:
  /// Binds `fd` to `path`, with the permissions `mode` from the first moment on. Throws
  /// CannotListen when somebody listens there, something other than a socket lies there, or the
  /// system refuses.
  UnixPath(int fd, std::string path, mode_t mode);
  /// Removes the file if it is still this one.
  ~UnixPath();
  UnixPath(const UnixPath&) = delete;
  UnixPath& operator=(const UnixPath&) = delete;

 private:
  const ForkMark mark_;
  const std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;  // 0: there is no file
};

}  // namespace phial::inline v1::detail
