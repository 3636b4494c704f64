// Sockets: addresses, and the calls that make one. Every socket is non-blocking and close-on-exec.
#pragma once

#include <kj/io.h>
#include <phial/net/address.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

namespace phial::inline v1::detail {

/// An address as the system takes it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

/// An IP address as digits; empty when `host` is none. A scope ("fe80::1%eth0") is understood.
std::optional<SocketAddress> numericAddress(const std::string& host, std::uint16_t port);
/// Empty when the path is empty or too long for the system.
std::optional<SocketAddress> unixAddress(const std::string& path);
Address readable(const SocketAddress& address);
/// The own and the peer's address of a socket; Family::none when there is none.
Address hostOf(int fd);
Address peerOf(int fd);

/// Returns none, with errno, when the system has no descriptor.
kj::AutoCloseFd openSocket(int family) noexcept;
/// Sets an integer option; errors are of no consequence.
void setOption(int fd, int level, int name, int value) noexcept;
/// The error that a connecting socket has met; 0 when it is connected.
int pendingError(int fd) noexcept;

}  // namespace phial::inline v1::detail
