// The address of one end of a connection.
//
// Thread rule: a plain value.
#pragma once

#include <cstdint>
#include <string>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

struct Address {
  enum class Family {
    none,   ///< no address, or a family other than those below
    ipv4,   ///< host and port
    ipv6,   ///< host and port
    local,  ///< a Unix socket: path
  };

  Family family = Family::none;
  /// The IP address as digits, such as "127.0.0.1" or "fe80::1%eth0". Empty for a Unix socket.
  std::string host = {};
  std::uint16_t port = 0;
  /// The path of a Unix socket. Empty for an end without a name, as a client usually is. The first
  /// byte of an abstract name is NUL.
  std::string path = {};

  bool operator==(const Address&) const = default;
  /// "127.0.0.1:80", "[::1]:80" or "unix:/run/x.socket"; for logs.
  std::string toString() const;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
