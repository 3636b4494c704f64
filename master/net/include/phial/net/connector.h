// Connections to servers: TCP, TLS and Unix sockets. After Twisted's connectTCP, connectSSL,
// connectUNIX, and endpoints.connectProtocol.
//
// The host's name is looked up by getaddrinfo(3) on a thread of Reactor::threadPool(), so the loop
// never waits, and /etc/hosts and nsswitch.conf count. evdns would know neither. The price: a
// lookup cannot be stopped, so the destructor of the Reactor waits for one that is under way. Each
// of the host's addresses is tried, one after the other.
//
// Thread rule: the reactor's thread. Fork: in a forked child a Connector does nothing.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/deferred.h>
#include <phial/net/address.h>
#include <phial/net/protocol.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

class Reactor;
class TlsContext;

namespace detail {
class Connecting;
}

struct ConnectOptions {
  /// How long the whole attempt may take: lookup, every address, TLS handshake. Then it fails with
  /// TimeoutError. Default 30 s, as Twisted's.
  Duration timeout = std::chrono::seconds(30);
  /// The own IP address to connect from, as digits. Default: the system chooses.
  std::string bindAddress = {};
  /// TLS alone: the name that the server's certificate must have, and that is sent to the server
  /// (SNI). Default: the host. An address, as digits, is not sent.
  std::string serverName = {};
};

/// One connection's attempts. Copies refer to the same; dropping all of them stops nothing.
class Connector {
 public:
  explicit Connector(std::shared_ptr<detail::Connecting> connecting)
      : connecting_(std::move(connecting)) {}

  /// Tries again. Throws std::logic_error while an attempt or a connection is there. Does nothing
  /// when the Reactor has ended.
  void connect() const;
  /// Gives the attempt up: clientConnectionFailed(CancelledError) arrives from the loop. Harmless
  /// when no attempt is under way; Twisted raises NotConnectingError.
  void stopConnecting() const;
  /// Closes the connection as loseConnection() does, or gives the attempt up.
  void disconnect() const;

  enum class State { disconnected, connecting, connected };
  State state() const;
  /// What it connects to: "example.org:80" or "unix:/run/x.socket".
  const std::string& getDestination() const;

 private:
  friend class ReconnectingClientFactory;
  std::shared_ptr<detail::Connecting> connecting_;
};

/// Connects to `host`, a name or an IP address as digits. startedConnecting() is called inside this
/// call, everything else arrives from the loop. Throws std::invalid_argument when `factory` is null
/// or `timeout` is not positive, std::logic_error on another thread.
Connector connectTCP(Reactor& reactor, const std::string& host, std::uint16_t port,
                     std::shared_ptr<ClientFactory> factory, const ConnectOptions& options = {});
/// As connectTCP, with TLS. REQUIRES: a context for clients (std::invalid_argument).
Connector connectSSL(Reactor& reactor, const std::string& host, std::uint16_t port,
                     std::shared_ptr<ClientFactory> factory, const TlsContext& context,
                     const ConnectOptions& options = {});
/// Connects to a Unix socket. bindAddress is not used.
Connector connectUNIX(Reactor& reactor, const std::string& path,
                      std::shared_ptr<ClientFactory> factory, const ConnectOptions& options = {});

namespace detail {

/// Hands out one protocol, and says when it is connected or that it never will be.
class OneShotFactory final : public ClientFactory {
 public:
  OneShotFactory(std::shared_ptr<Protocol> protocol, Resolver<void> resolver)
      : protocol_(std::move(protocol)), resolver_(std::move(resolver)) {}
  std::shared_ptr<Protocol> buildProtocol(const Address& peer) override;
  void clientConnectionMade(const Connector& connector) override;
  void clientConnectionLost(const Connector& connector, const Failure& reason) override;
  void clientConnectionFailed(const Connector& connector, const Failure& reason) override;

 private:
  std::shared_ptr<Protocol> protocol_;
  Resolver<void> resolver_;
};

Deferred<void> connectOnce(std::shared_ptr<Protocol> protocol,
                           const std::function<Connector(std::shared_ptr<ClientFactory>)>& connect);

}  // namespace detail

/// Connects one protocol and returns it when connectionMade() has returned, or how the attempt
/// failed. Cancelling gives the attempt up.
///
///     connectProtocol(std::make_shared<Greeter>(), [&](std::shared_ptr<ClientFactory> factory) {
///       return connectTCP(reactor, "example.org", 80, std::move(factory));
///     })
template <class P, class F>
Deferred<std::shared_ptr<P>> connectProtocol(std::shared_ptr<P> protocol, F connect) {
  return detail::connectOnce(protocol, std::move(connect)).addCallback([protocol] {
    return protocol;
  });
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
