// A descriptor that is closed when it goes out of scope: KJ's, so that it fits KJ's streams.
#pragma once

#include <kj/io.h>
#include <phial/protocol/descriptor.h>
#include <phial/protocol/error.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace phial::inline v1::detail {

using FileDescriptor = kj::AutoCloseFd;

/// Takes what a system call returned, see ownDescriptor; throws Error with errno's text when that
/// was a failure.
inline FileDescriptor checkedFd(int fd, const char* call) {
  FileDescriptor own = ownDescriptor(fd);
  if (own.get() < 0) throw Error(std::string(call) + ": " + std::strerror(errno));
  return own;
}

}  // namespace phial::inline v1::detail
