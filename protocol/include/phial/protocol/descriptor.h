// How Phial opens descriptors in a program that is not its own.
//
// The system gives a new descriptor the lowest free number. In a program that has closed its
// standard descriptors that is 0, 1 or 2, and then whatever the program, or a library in it, prints
// goes into a pipe of Phial's, and a child that inherits "its" stderr inherits that pipe. So every
// descriptor that Phial keeps beyond a call gets a number from kFirstOwnFd on. Files that Phial
// opens for reading and closes again in the same call, such as those in /proc, may have any number:
// a write to them fails as one to a closed descriptor does.
//
// Thread rule: none of its own.
#pragma once

#include <kj/io.h>

#include <array>
#include <optional>

namespace phial::detail {

inline constexpr int kFirstOwnFd = 3;

/// Takes over the descriptor that a system call has just returned, close-on-exec, and gives it a
/// number from kFirstOwnFd on. None, with errno, when `fd` is negative, as after a failed call, or
/// when no such number is left. No system call is made where the number is right already.
kj::AutoCloseFd ownDescriptor(int fd) noexcept;

struct PipeEnds {
  kj::AutoCloseFd read;
  kj::AutoCloseFd write;
};

/// A new pipe, close-on-exec; `flags` are pipe2's other ones. Empty, with errno, when there is
/// none.
std::optional<PipeEnds> openPipe(int flags = 0) noexcept;

/// While it lives, descriptors that anybody opens get numbers from kFirstOwnFd on: for libraries
/// that open their own and keep them. The numbers that were closed behave as if they still were:
/// reading and writing fail with EBADF.
class StandardNumbersTaken {
 public:
  StandardNumbersTaken() noexcept;

 private:
  std::array<kj::AutoCloseFd, kFirstOwnFd> taken_;
};

}  // namespace phial::detail
