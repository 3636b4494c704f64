#include "phial/protocol/descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace phial::inline v1::detail {

kj::AutoCloseFd ownDescriptor(int fd) noexcept {
  if (fd < 0 || fd >= kFirstOwnFd) return kj::AutoCloseFd(fd);
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, kFirstOwnFd);
  const int error = errno;
  ::close(fd);
  errno = error;
  return kj::AutoCloseFd(moved);
}

std::optional<PipeEnds> openPipe(int flags) noexcept {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), flags | O_CLOEXEC) != 0) return std::nullopt;
  std::optional<PipeEnds> pipe(PipeEnds{ownDescriptor(ends[0]), {}});
  const int error = errno;
  pipe->write = ownDescriptor(ends[1]);
  if (pipe->write.get() < 0) return std::nullopt;
  if (pipe->read.get() >= 0) return pipe;
  errno = error;
  return std::nullopt;
}

// An O_PATH descriptor can neither be read nor written, and "/" is there without any privilege and
// whatever has been mounted.
StandardNumbersTaken::StandardNumbersTaken() noexcept {
  for (auto& taken : taken_) {
    kj::AutoCloseFd next(::open("/", O_PATH | O_CLOEXEC));
    if (next.get() < 0 || next.get() >= kFirstOwnFd) return;
    taken = kj::mv(next);
  }
}

}  // namespace phial::inline v1::detail
