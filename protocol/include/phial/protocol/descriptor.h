// How Phial opens descriptors in a host program.
//
// The system gives a new descriptor the lowest free number. In a program that has closed its
// standard descriptors this is 0, 1 or 2. Everything that the program or one of its libraries
// prints would then go into a pipe of Phial's, and a child would inherit this pipe as its stderr.
// Every descriptor that Phial keeps beyond a call therefore gets a number from kFirstOwnFd on. A
// file that Phial opens for reading and closes in the same call, such as one in /proc, may have any
// number: a write to it fails, as to a closed descriptor.
//
// Thread rule: any thread.
#pragma once

#include <kj/io.h>

#include <array>
#include <optional>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

inline constexpr int kFirstOwnFd = 3;

/// Takes over the descriptor that a system call has just returned, close-on-exec, and gives it a
/// number from kFirstOwnFd on. Returns none, with errno, when `fd` is negative, as after a failed
/// call, or when no such number is left. If the number is right already, makes no system call.
kj::AutoCloseFd ownDescriptor(int fd) noexcept;

struct PipeEnds {
  kj::AutoCloseFd read;
  kj::AutoCloseFd write;
};

/// Makes a pipe, close-on-exec; `flags` are further flags of pipe2. Empty, with errno, when there
/// is none.
std::optional<PipeEnds> openPipe(int flags = 0) noexcept;

/// While this object lives, every descriptor that anybody opens gets a number from kFirstOwnFd on:
/// for libraries that open and keep descriptors of their own. The numbers that were closed behave
/// as if they still were: reading and writing fail with EBADF.
class StandardNumbersTaken {
 public:
  StandardNumbersTaken() noexcept;

 private:
  std::array<kj::AutoCloseFd, kFirstOwnFd> taken_;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
