#include "master/net/resolve.h"

#include <netdb.h>
#include <phial/master/threads.h>
#include <phial/net/errors.h>

#include <cstring>
#include <memory>

namespace phial::inline v1::detail {
namespace {

// On a thread of the Reactor's.
std::vector<SocketAddress> lookUp(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    const std::string reason = ::gai_strerror(error);
    throw DNSLookupError("the host's name was not found: " + reason,
                         "the host " + host + " was not found: " + reason, 0);
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    SocketAddress& address = addresses.emplace_back();
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
  }
  return addresses;
}

}  // namespace

Deferred<std::vector<SocketAddress>> resolve(Reactor& reactor, const std::string& host,
                                             std::uint16_t port) {
  if (const auto address = numericAddress(host, port)) {
    return succeed(std::vector<SocketAddress>{*address});
  }
  return deferToThread(reactor, lookUp, host, port);
}

}  // namespace phial::inline v1::detail
