// How attempts end, and the functions that begin them.
#include <phial/net/connector.h>
#include <phial/net/errors.h>

#include <stdexcept>
#include <utility>

#include "master/net/connecting.h"
#include "master/net/connection.h"
#include "master/net/handshake.h"

namespace phial::inline v1 {
namespace detail {

using State = Connector::State;

void Connecting::report(const Failure& failure) {
  reactor_.callSoon([failure] { failure.rethrow(); });
}

// Ends everything of the attempt. The hold stays.
void Connecting::release() {
  timer_.cancel();
  watch_.stop();
  socket_ = nullptr;
  addresses_.clear();
  if (const auto handshake = std::exchange(handshake_, nullptr)) handshake->cancel();
  if (auto lookup = std::exchange(lookup_, {})) lookup.cancel();
}

void Connecting::stopConnecting() {
  if (ended_ || state_ != State::connecting || !timer_.active()) return;
  failSoon(Failure(CancelledError("the attempt to connect was given up")));
}

void Connecting::failSoon(const Failure& reason) {
  release();
  reactor_.callSoon([self = shared_from_this(), reason] { self->failed(reason); });
}

void Connecting::disconnect() {
  if (state_ == State::connecting) return stopConnecting();
  if (const auto connection = connection_.lock()) connection->loseConnection();
}

void Connecting::failed(const Failure& reason) {
  if (ended_ || state_ != State::connecting) return;
  const auto self = shared_from_this();
  release();
  state_ = State::disconnected;
  hold_.end();
  try {
    factory_->clientConnectionFailed(Connector(self), reason);
  } catch (...) {
    report(Failure::current());
  }
  endUse();
}

// The factory may have begun a new attempt.
void Connecting::endUse() {
  if (state_ != State::disconnected || !std::exchange(factoryStarted_, false)) return;
  try {
    factory_->doStop();
  } catch (...) {
    report(Failure::current());
  }
}

void Connecting::established(std::unique_ptr<Stream> stream) {
  const auto self = shared_from_this();
  release();
  state_ = State::connected;
  try {
    startProtocol(std::move(stream));
  } catch (...) {
    const Failure failure = Failure::current();
    report(failure);
    if (const auto connection = connection_.lock()) return connection->abortConnection();
    lost(failure);
  }
}

void Connecting::startProtocol(std::unique_ptr<Stream> stream) {
  const auto self = shared_from_this();
  auto protocol = factory_->buildProtocol(peerOf(stream->fd()));
  if (!protocol) {
    stream.reset();
    return lost(Failure(ConnectionDone()));
  }
  const auto connection =
      std::make_shared<Connection>(reactor_, std::move(stream), std::move(protocol),
                                   [self](const Failure& reason) { self->lost(reason); });
  if (!connection->start()) return;
  connection_ = connection;
  factory_->clientConnectionMade(Connector(self));
}

void Connecting::lost(const Failure& reason) {
  if (ended_) return;
  const auto self = shared_from_this();
  connection_.reset();
  state_ = State::disconnected;
  hold_.end();
  try {
    factory_->clientConnectionLost(Connector(self), reason);
  } catch (...) {
    report(Failure::current());
  }
  endUse();
}

void Connecting::reactorEnded() noexcept {
  ended_ = true;
  state_ = State::disconnected;
  watch_.stop();
  timer_ = {};
  socket_ = nullptr;
  const auto handshake = std::exchange(handshake_, nullptr);
  const auto lookup = std::exchange(lookup_, {});
  const auto factory = std::exchange(factory_, nullptr);
}

std::shared_ptr<Protocol> OneShotFactory::buildProtocol(const Address&) {
  return std::move(protocol_);
}

void OneShotFactory::clientConnectionMade(const Connector&) {
  if (!resolver_.called()) resolver_.callback();
}

void OneShotFactory::clientConnectionFailed(const Connector&, const Failure& reason) {
  if (!resolver_.called()) resolver_.errback(reason);
}

void OneShotFactory::clientConnectionLost(const Connector&, const Failure& reason) {
  if (!resolver_.called()) resolver_.errback(reason);
}

Deferred<void> connectOnce(
    std::shared_ptr<Protocol> protocol,
    const std::function<Connector(std::shared_ptr<ClientFactory>)>& connect) {
  const auto connector = std::make_shared<std::optional<Connector>>();
  auto made = newDeferred<void>([connector] {
    if (*connector) (*connector)->stopConnecting();
  });
  *connector =
      connect(std::make_shared<OneShotFactory>(std::move(protocol), std::move(made.resolver)));
  return std::move(made.deferred);
}

}  // namespace detail

void Connector::connect() const { connecting_->connect(); }
void Connector::stopConnecting() const { connecting_->stopConnecting(); }
void Connector::disconnect() const { connecting_->disconnect(); }
Connector::State Connector::state() const { return connecting_->state(); }
const std::string& Connector::getDestination() const { return connecting_->destination(); }

namespace {

Connector connectTo(Reactor& reactor, detail::Connecting::Target target,
                    std::shared_ptr<ClientFactory> factory, std::optional<TlsContext> tls,
                    const ConnectOptions& options, const char* call) {
  reactor.requireThread(call);
  if (!factory) throw std::invalid_argument(std::string(call) + ": the factory is null");
  if (options.timeout <= Duration::zero()) {
    throw std::invalid_argument(std::string(call) + ": the timeout is not positive");
  }
  const Connector connector(std::make_shared<detail::Connecting>(
      reactor, std::move(target), std::move(factory), std::move(tls), options));
  connector.connect();
  return connector;
}

}  // namespace

Connector connectTCP(Reactor& reactor, const std::string& host, std::uint16_t port,
                     std::shared_ptr<ClientFactory> factory, const ConnectOptions& options) {
  return connectTo(reactor, detail::HostAndPort{host, port}, std::move(factory), std::nullopt,
                   options, "connectTCP");
}

Connector connectSSL(Reactor& reactor, const std::string& host, std::uint16_t port,
                     std::shared_ptr<ClientFactory> factory, const TlsContext& context,
                     const ConnectOptions& options) {
  if (context.side() != TlsContext::Side::client) {
    throw std::invalid_argument("connectSSL: the TlsContext is one for servers");
  }
  return connectTo(reactor, detail::HostAndPort{host, port}, std::move(factory), context, options,
                   "connectSSL");
}

Connector connectUNIX(Reactor& reactor, const std::string& path,
                      std::shared_ptr<ClientFactory> factory, const ConnectOptions& options) {
  return connectTo(reactor, path, std::move(factory), std::nullopt, options, "connectUNIX");
}

}  // namespace phial::inline v1
