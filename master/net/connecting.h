// What stands behind a Connector: lookup, attempts, handshake and connection, one after the other.
//
// Thread rule: the reactor's thread. Life: the Reactor owns it while an attempt or a connection is
// there, then only the program's handles do. Its factory must not own it: the two would keep each
// other.
#pragma once

#include <phial/master/reactor.h>
#include <phial/net/connector.h>
#include <phial/net/tls_context.h>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "master/net/reactor_hold.h"
#include "master/net/socket.h"
#include "master/net/stream.h"

namespace phial::inline v1::detail {

class Connection;
class Handshake;

struct HostAndPort {
  std::string host;
  std::uint16_t port;
};

class Connecting final : public HeldByReactor, public std::enable_shared_from_this<Connecting> {
 public:
  /// Where to. A string is the path of a Unix socket.
  using Target = std::variant<HostAndPort, std::string>;

  Connecting(Reactor& reactor, Target target, std::shared_ptr<ClientFactory> factory,
             std::optional<TlsContext> tls, ConnectOptions options);
  ~Connecting() noexcept override;

  void connect();
  void stopConnecting();
  void disconnect();
  Connector::State state() const { return state_; }
  const std::string& destination() const { return destination_; }
  void reactorEnded() noexcept override;

 private:
  void lookUp();
  void found(std::vector<SocketAddress> addresses);
  void tryNext(const Failure& latest);
  std::optional<Failure> begin(const SocketAddress& address);
  void settled();
  void shakeHands(std::unique_ptr<Stream> stream);
  void established(std::unique_ptr<Stream> stream);
  void startProtocol(std::unique_ptr<Stream> stream);
  void failed(const Failure& reason);
  void failSoon(const Failure& reason);
  void lost(const Failure& reason);
  void release();
  void endUse();
  void report(const Failure& failure);
  std::string serverName() const;

  Reactor& reactor_;
  const Target target_;
  const std::string destination_;
  std::shared_ptr<ClientFactory> factory_;
  const std::optional<TlsContext> tls_;
  const ConnectOptions options_;
  Connector::State state_ = Connector::State::disconnected;
  bool factoryStarted_ = false;
  bool ended_ = false;  // with the Reactor
  DelayedCall timer_;
  Deferred<void> lookup_;
  std::vector<SocketAddress> addresses_;  // still to be tried, the next one last
  std::string trying_;
  kj::AutoCloseFd socket_;
  Watch watch_;
  std::shared_ptr<Handshake> handshake_;
  std::weak_ptr<Connection> connection_;
  ReactorHold hold_;
};

}  // namespace phial::inline v1::detail
