// What a program does with a connection, and what makes one such object for each connection.
//
// Life of a Protocol: a Factory builds it, connectionMade() is called once, dataReceived() any
// number of times, connectionLost() once. Nothing is called after connectionLost(). The connection
// holds its Protocol until connectionLost() has returned, so a Protocol may do anything inside a
// callback: close the connection, drop the last reference to itself or to its factory, destroy the
// Port, stop the loop. If the Reactor ends first, its connections are closed and their protocols
// are destroyed, without connectionLost(), as with everything that is pending in a Reactor.
//
// Exceptions: if a callback throws, the exception goes to the Reactor's onCallbackError, and this
// connection alone is closed, with the exception as the reason.
//
// Thread rule: the reactor's thread. After twisted.internet.protocol.
#pragma once

#include <phial/net/address.h>
#include <phial/net/transport.h>
#include <phial/protocol/failure.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

class Connector;

class Protocol {
 public:
  virtual ~Protocol() = default;

  /// The connection is there; with TLS the handshake has ended and the peer has been verified.
  virtual void connectionMade() {}
  /// Some bytes have arrived, at least one. Their pieces are not those that the peer has written.
  /// `data` is borrowed during the call.
  virtual void dataReceived(std::string_view data) { static_cast<void>(data); }
  /// The connection is gone: ConnectionDone after a close in order, ConnectionLost or one of its
  /// kinds otherwise, or the exception that a callback has thrown. transport() does nothing now.
  virtual void connectionLost(const Failure& reason) { static_cast<void>(reason); }

  /// The connection. Throws std::logic_error before connectionMade().
  Transport& transport() const;
  /// Takes the connection and calls connectionMade(). Phial does this; a test may do it with a
  /// Transport of its own.
  void makeConnection(std::shared_ptr<Transport> transport);

 private:
  std::shared_ptr<Transport> transport_;
};

/// A Protocol for which the end of the peer's data is not the end of the connection. After
/// Twisted's IHalfCloseableProtocol. TCP and Unix sockets alone; with TLS the peer's end closes the
/// connection as for any Protocol.
class HalfCloseableProtocol : public Protocol {
 public:
  /// The peer sends no more. The connection stays, until loseConnection().
  virtual void readConnectionLost() = 0;
  /// loseWriteConnection() has been carried out: everything has been sent.
  virtual void writeConnectionLost() {}
};

/// Makes the protocols of a server. Shared by the program and the ports that use it.
class Factory {
 public:
  virtual ~Factory() = default;

  /// Makes the protocol of a new connection. Null closes the connection; so does an exception,
  /// which goes to the Reactor's onCallbackError.
  virtual std::shared_ptr<Protocol> buildProtocol(const Address& peer) = 0;
  /// A client of a TLS port did not complete the handshake, or not in time. No protocol was built.
  virtual void handshakeFailed(const Address& peer, const Failure& reason) {
    static_cast<void>(peer);
    static_cast<void>(reason);
  }

  /// Called before the first port or connector uses this, and after the last has ended its use.
  virtual void startFactory() {}
  virtual void stopFactory() {}
  /// Phial calls these around the use by one port or connector.
  void doStart();
  void doStop();
  /// The ports and connectors that use this now.
  std::size_t numPorts() const { return numPorts_; }

  /// A factory whose protocols are each a new P(args...).
  template <class P, class... A>
  static std::shared_ptr<Factory> forProtocol(A... args);
  /// A factory of a function, which takes an Address or nothing and returns a
  /// std::shared_ptr<Protocol>.
  template <class F>
  static std::shared_ptr<Factory> of(F f);

 private:
  std::size_t numPorts_ = 0;
};

using ServerFactory = Factory;

/// Makes the protocols of a client, and hears how its connections go.
class ClientFactory : public Factory {
 public:
  /// An attempt begins; called inside connectTCP() or connect(). May call stopConnecting().
  virtual void startedConnecting(const Connector& connector) { static_cast<void>(connector); }
  /// The connection is there, and connectionMade() has returned.
  virtual void clientConnectionMade(const Connector& connector) { static_cast<void>(connector); }
  /// The attempt failed: ConnectionRefused, another ConnectError, DNSLookupError, TimeoutError,
  /// TlsError, or CancelledError after stopConnecting(). May call connect() again.
  virtual void clientConnectionFailed(const Connector& connector, const Failure& reason) {
    static_cast<void>(connector);
    static_cast<void>(reason);
  }
  /// The connection is gone, and connectionLost() has returned. May call connect() again.
  virtual void clientConnectionLost(const Connector& connector, const Failure& reason) {
    static_cast<void>(connector);
    static_cast<void>(reason);
  }
};

namespace detail {

template <class F>
class FunctionFactory final : public Factory {
 public:
  explicit FunctionFactory(F f) : f_(std::move(f)) {}
  std::shared_ptr<Protocol> buildProtocol(const Address& peer) override {
    if constexpr (std::is_invocable_v<F&, const Address&>) {
      return f_(peer);
    } else {
      return f_();
    }
  }

 private:
  F f_;
};

}  // namespace detail

template <class F>
std::shared_ptr<Factory> Factory::of(F f) {
  return std::make_shared<detail::FunctionFactory<F>>(std::move(f));
}

template <class P, class... A>
std::shared_ptr<Factory> Factory::forProtocol(A... args) {
  return of([args = std::tuple<A...>(std::move(args)...)] {
    return std::apply([](const auto&... a) { return std::make_shared<P>(a...); }, args);
  });
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
