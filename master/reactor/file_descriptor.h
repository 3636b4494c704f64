// A descriptor that is closed when it goes out of scope: KJ's, so that it fits KJ's streams.
#pragma once

#include <kj/io.h>
#include <phial/protocol/error.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace phial::detail {

using FileDescriptor = kj::AutoCloseFd;

/// Takes what a system call returned; throws Error with errno's text when that was a failure.
inline FileDescriptor checkedFd(int fd, const char* call) {
  if (fd < 0) throw Error(std::string(call) + ": " + std::strerror(errno));
  return FileDescriptor(fd);
}

}  // namespace phial::detail
