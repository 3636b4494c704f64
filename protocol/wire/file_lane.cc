#include "phial/protocol/file_lane.h"

#include <fcntl.h>
#include <phial/protocol/descriptor.h>
#include <phial/protocol/error.h>
#include <phial/protocol/large_memory.h>
#include <phial/protocol/shared_memory.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>

namespace phial::inline v1::detail {
namespace {

// SCM_MAX_FD, which no header of user space tells.
constexpr std::size_t kFilesAtOnce = 253;

// Hundreds of parcels, which the default just holds. Best effort: the system limits it.
constexpr int kBufferBytes = 1 << 20;

// As many are closed on the spot: about 10 us.
constexpr std::size_t kClosedHere = 16;

union Control {
  cmsghdr alignment;
  std::array<char, CMSG_SPACE(kFilesAtOnce * sizeof(int))> bytes;
};

// Closes them all. Many take long: each may be the last holder of a file.
void releaseFiles(std::vector<kj::AutoCloseFd> files) {
  if (files.size() <= kClosedHere) {
    for (auto& file : files) releaseFile(kj::mv(file));
    return;
  }
  const auto all = std::make_shared<std::vector<kj::AutoCloseFd>>(std::move(files));
  releaseAside(kLargeBytes, [all] { all->clear(); });
}

[[noreturn]] void throwNoSocket() {
  throw std::system_error(errno, std::generic_category(), "cannot make a socket for a worker");
}

bool peerIsGone(int error) { return error == EPIPE || error == ECONNRESET || error == ENOTCONN; }

}  // namespace

// What stands on each part of a parcel.
struct FileLane::Label {
  std::uint64_t parcel;
};

FileLane::Ends FileLane::create() {
  std::array<int, 2> ends{};
  // Keeps parcels apart, and in order.
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throwNoSocket();
  }
  for (const int end : ends) {
    ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kBufferBytes, sizeof kBufferBytes);
  }
  kj::AutoCloseFd master = ownDescriptor(ends[0]);
  if (master.get() < 0) {
    const int error = errno;
    ::close(ends[1]);
    errno = error;
    throwNoSocket();
  }
  kj::AutoCloseFd worker = ownDescriptor(ends[1]);
  if (worker.get() < 0) throwNoSocket();
  return {kj::mv(master), kj::mv(worker)};
}

FileLane FileLane::adopt(int fd) {
  return FileLane(kj::AutoCloseFd(::fcntl(fd, F_GETFD) >= 0 ? fd : -1));
}

void FileLane::send(std::uint64_t parcel, std::span<const int> files) {
  if (socket_.get() < 0 && !files.empty()) {
    throw EncodingError("shared arrays cannot be passed: the system refuses the socket for them");
  }
  if (files.size() > kMostFiles) {
    throw EncodingError("a message cannot hold " + std::to_string(files.size()) +
                        " shared arrays; the limit is " + std::to_string(kMostFiles));
  }
  while (!files.empty()) {
    const auto part = files.first(std::min(files.size(), kFilesAtOnce));
    Label label{parcel};
    iovec data{&label, sizeof label};
    Control control;
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(part.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(part.size_bytes());
    std::memcpy(CMSG_DATA(header), part.data(), part.size_bytes());
    if (::sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
      if (peerIsGone(errno)) return;
      throw EncodingError(std::string("too many shared arrays are under way: ") +
                          std::strerror(errno));
    }
    files = files.subspan(part.size());
  }
}

std::vector<kj::AutoCloseFd> FileLane::receive(std::uint64_t parcel, std::size_t files) {
  if (files > kMostFiles) {
    throw EncodingError("a message claims " + std::to_string(files) +
                        " shared arrays; the limit is " + std::to_string(kMostFiles));
  }
  Files result;
  Files others;
  while (result.size() < files && others.size() <= kMostPassedBy) {
    if (!receivePart(parcel, result, others)) break;
  }
  const bool flooded = others.size() > kMostPassedBy;
  releaseFiles(std::move(others));
  if (result.size() == files) return result;
  const std::size_t arrived = result.size();
  releaseFiles(std::move(result));
  throw EncodingError("of the message's " + std::to_string(files) + " shared arrays " +
                      std::to_string(arrived) + " arrived" +
                      (flooded ? ": too many that belong to nothing lie before them" : ""));
}

void FileLane::discard(std::uint64_t parcel, std::size_t files) noexcept {
  try {
    releaseFiles(receive(parcel, files));
  } catch (const EncodingError&) {  // NOLINT(bugprone-empty-catch): what has not come is gone
  }
}

FileLane::~FileLane() {
  int waiting = 0;
  if (socket_.get() < 0 || ::ioctl(socket_, FIONREAD, &waiting) != 0 || waiting == 0) return;
  Files none;
  Files others;
  constexpr std::uint64_t kNoJob = 0;
  while (others.size() <= kClosedHere && receivePart(kNoJob, none, others)) {
  }
  const bool more = others.size() > kClosedHere;
  releaseFiles(std::move(others));
  if (!more) return;
  const int fd = socket_.release();
  releaseAside(kLargeBytes, [fd] { ::close(fd); });
}

// Takes what comes next, to `files` if it belongs there. False: nothing has come, or a part that
// carries no file, which no peer of ours sends.
bool FileLane::receivePart(std::uint64_t parcel, Files& files, Files& others) {
  Label label{};
  iovec data{&label, sizeof label};
  Control control;
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  const auto got = ::recvmsg(socket_, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got <= 0) return false;
  const auto before = files.size() + others.size();
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      const bool wanted = got == sizeof label && label.parcel == parcel;
      (wanted ? files : others).push_back(ownDescriptor(fd));
    }
  }
  return files.size() + others.size() > before;
}

}  // namespace phial::inline v1::detail
