#include "phial/protocol/packet_socket.h"

#include <phial/protocol/descriptor.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace phial::inline v1::detail {
namespace {

union Control {
  cmsghdr alignment;
  std::array<char, CMSG_SPACE(kMostPacketFiles * sizeof(int))> bytes;
};

// Takes all of them first: what is thrown away has to be closed too.
std::vector<kj::AutoCloseFd> filesOf(msghdr& message) {
  std::vector<kj::AutoCloseFd> files;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      files.push_back(ownDescriptor(fd));
    }
  }
  bool whole = (message.msg_flags & MSG_CTRUNC) == 0;
  for (const auto& file : files) whole = whole && file.get() >= 0;
  if (!whole) files.clear();
  return files;
}

}  // namespace

std::optional<PacketSockets> openPacketSockets() noexcept {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return std::nullopt;
  }
  std::optional<PacketSockets> sockets(PacketSockets{ownDescriptor(ends[0]), {}});
  const int error = errno;
  sockets->second = ownDescriptor(ends[1]);
  if (sockets->second.get() < 0) return std::nullopt;
  if (sockets->first.get() >= 0) return sockets;
  errno = error;
  return std::nullopt;
}

bool sendPacket(int socket, std::string_view bytes, std::span<const int> files) noexcept {
  iovec data{const_cast<char*>(bytes.data()), bytes.size()};
  Control control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!files.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(files.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(files.size_bytes());
    std::memcpy(CMSG_DATA(header), files.data(), files.size_bytes());
  }
  ssize_t sent;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

std::optional<Packet> receivePacket(int socket, int flags) {
  Packet packet;
  packet.bytes.resize(kMostPacketBytes);
  iovec data{packet.bytes.data(), packet.bytes.size()};
  Control control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t got;
  do {
    got = ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got == 0) errno = 0;
  if (got <= 0) return std::nullopt;
  packet.bytes.resize(static_cast<std::size_t>(got));
  packet.files = filesOf(message);
  return packet;
}

}  // namespace phial::inline v1::detail
