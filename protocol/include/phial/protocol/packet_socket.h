// Packets with open files, over a Unix socket.
//
// A packet is a few bytes and up to kMostPacketFiles descriptors, which arrive together or not at
// all (SOCK_SEQPACKET). The pool's template process uses them to hand over forked workers, and the
// master to connect these workers.
//
// Thread rule: any thread.
#pragma once

#include <kj/io.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

inline constexpr std::size_t kMostPacketFiles = 16;
/// Longer ones are cut by the receiver.
inline constexpr std::size_t kMostPacketBytes = std::size_t{32} << 10;

struct PacketSockets {
  kj::AutoCloseFd first;
  kj::AutoCloseFd second;
};

/// Two connected sockets, close-on-exec. Empty, with errno, when there are none.
std::optional<PacketSockets> openPacketSockets() noexcept;

/// Sends one packet. The files are borrowed. Waits for room only if the socket blocks. Raises no
/// SIGPIPE. False, with errno: nothing has been sent.
bool sendPacket(int socket, std::string_view bytes, std::span<const int> files = {}) noexcept;

struct Packet {
  std::string bytes;
  /// Close-on-exec, each from kFirstOwnFd on. Empty as a whole if one of them could not be taken.
  std::vector<kj::AutoCloseFd> files;
};

/// Receives one packet; `flags` as of recvmsg. Empty, with errno, if there is none; errno 0: the
/// other end is closed.
std::optional<Packet> receivePacket(int socket, int flags = 0);

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
