#include "phial/protocol/file_lane.h"

#include <phial/protocol/error.h>
#include <phial/protocol/shared_memory.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

namespace phial::detail {
namespace {

// SCM_MAX_FD, which no header of user space tells.
constexpr std::size_t kFilesAtOnce = 253;

// Hundreds of parcels, which the default just holds. Best effort: the system limits it.
constexpr int kBufferBytes = 1 << 20;

// How many foreign parcels may lie before the one that is asked for: more than a buffer holds.
constexpr int kMostPassedBy = 8192;

union Control {
  cmsghdr alignment;
  std::array<char, CMSG_SPACE(kFilesAtOnce * sizeof(int))> bytes;
};

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
    throw std::system_error(errno, std::generic_category(), "cannot make a socket for a worker");
  }
  for (const int end : ends) {
    ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kBufferBytes, sizeof kBufferBytes);
  }
  return {kj::AutoCloseFd(ends[0]), kj::AutoCloseFd(ends[1])};
}

void FileLane::send(std::uint64_t parcel, std::span<const int> files) {
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
  std::vector<kj::AutoCloseFd> result;
  for (int i = 0; result.size() < files && i < kMostPassedBy; ++i) {
    if (!receivePart(parcel, result)) break;
  }
  if (result.size() == files) return result;
  for (auto& file : result) releaseFile(kj::mv(file));
  throw EncodingError("of the message's " + std::to_string(files) + " shared arrays " +
                      std::to_string(result.size()) + " arrived");
}

void FileLane::discard(std::uint64_t parcel, std::size_t files) noexcept {
  try {
    for (auto& file : receive(parcel, files)) releaseFile(kj::mv(file));
  } catch (const EncodingError&) {  // NOLINT(bugprone-empty-catch): what has not come is gone
  }
}

// Takes what comes next, to `files` if it belongs there. False: nothing has come.
bool FileLane::receivePart(std::uint64_t parcel, std::vector<kj::AutoCloseFd>& files) {
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
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      kj::AutoCloseFd file(fd);
      if (got == sizeof label && label.parcel == parcel) {
        files.push_back(kj::mv(file));
      } else {
        releaseFile(kj::mv(file));
      }
    }
  }
  return true;
}

}  // namespace phial::detail
