#include "master/net/socket.h"

#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <phial/protocol/descriptor.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace phial::inline v1::detail {
namespace {

Address readableIp(const SocketAddress& address, Address::Family family, in_port_t port) {
  std::array<char, NI_MAXHOST> host{};
  ::getnameinfo(address.get(), address.size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST);
  return {.family = family, .host = host.data(), .port = ntohs(port)};
}

Address readableUnix(const SocketAddress& address) {
  const auto& local = reinterpret_cast<const sockaddr_un&>(address.storage);
  constexpr auto kPathAt = offsetof(sockaddr_un, sun_path);
  if (address.size <= kPathAt) return {.family = Address::Family::local};
  std::string path(local.sun_path, address.size - kPathAt);
  if (path.front() != '\0') path.resize(std::strlen(path.c_str()));
  return {.family = Address::Family::local, .path = path};
}

template <auto ask>
Address endOf(int fd) {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (ask(fd, address.get(), &address.size) != 0) return {};
  return readable(address);
}

}  // namespace

std::optional<SocketAddress> numericAddress(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  return address;
}

std::optional<SocketAddress> unixAddress(const std::string& path) {
  SocketAddress address;
  auto& local = reinterpret_cast<sockaddr_un&>(address.storage);
  if (path.empty() || path.size() >= sizeof local.sun_path) return {};
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.data(), path.size());
  // An abstract name ends with its length, a path with a NUL.
  const std::size_t end = path.front() == '\0' ? 0 : 1;
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + end);
  return address;
}

Address readable(const SocketAddress& address) {
  switch (address.family()) {
    case AF_INET:
      return readableIp(address, Address::Family::ipv4,
                        reinterpret_cast<const sockaddr_in&>(address.storage).sin_port);
    case AF_INET6:
      return readableIp(address, Address::Family::ipv6,
                        reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_port);
    case AF_UNIX:
      return readableUnix(address);
    default:
      return {};
  }
}

Address hostOf(int fd) { return endOf<::getsockname>(fd); }
Address peerOf(int fd) { return endOf<::getpeername>(fd); }

kj::AutoCloseFd openSocket(int family) noexcept {
  return ownDescriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

void setOption(int fd, int level, int name, int value) noexcept {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

int pendingError(int fd) noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace phial::inline v1::detail
