#include <phial/master/reactor.h>
#include <phial/net/errors.h>
#include <phial/net/port.h>
#include <phial/net/tls_context.h>

#include <cerrno>
#include <optional>
#include <stdexcept>
#include <utility>

#include "master/net/listener.h"
#include "master/net/socket.h"
#include "master/net/unix_path.h"

namespace phial::inline v1 {
namespace {

using detail::Listener;

void require(Reactor& reactor, const std::shared_ptr<Factory>& factory, const char* call) {
  reactor.requireThread(call);
  if (!factory) throw std::invalid_argument(std::string(call) + ": the factory is null");
}

kj::AutoCloseFd socketFor(int family, const std::string& target) {
  kj::AutoCloseFd socket = detail::openSocket(family);
  if (socket.get() < 0) throw CannotListen(errno, target);
  return socket;
}

void beginToListen(int fd, int backlog, const std::string& target) {
  if (::listen(fd, backlog) != 0) throw CannotListen(errno, target);
}

Port start(std::shared_ptr<Listener> listener) {
  listener->start();
  return Port(std::move(listener));
}

Port listenAt(Reactor& reactor, std::uint16_t port, std::shared_ptr<Factory> factory,
              const ListenOptions& options, std::optional<Listener::Tls> tls) {
  const std::string interface = options.interface.empty() ? "0.0.0.0" : options.interface;
  const auto address = detail::numericAddress(interface, port);
  if (!address) throw CannotListen(EADDRNOTAVAIL, interface);
  const std::string target = detail::readable(*address).toString();
  kj::AutoCloseFd socket = socketFor(address->family(), target);
  detail::setOption(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (::bind(socket.get(), address->get(), address->size) != 0) throw CannotListen(errno, target);
  beginToListen(socket.get(), options.backlog, target);
  return start(std::make_shared<Listener>(reactor, kj::mv(socket), nullptr, std::move(factory),
                                          std::move(tls)));
}

}  // namespace

Port& Port::operator=(Port&& other) noexcept {
  if (this == &other) return *this;
  const auto old = std::exchange(listener_, std::move(other.listener_));
  if (old) old->stop();
  return *this;
}

Port::~Port() {
  if (listener_) listener_->stop();
}

Deferred<void> Port::stopListening() {
  if (listener_) listener_->stop();
  return succeed();
}

bool Port::listening() const { return listener_ && listener_->listening(); }
Address Port::getHost() const { return listener_ ? listener_->host() : Address(); }

void Port::pauseProducing() {
  if (listener_) listener_->pause();
}

void Port::resumeProducing() {
  if (listener_) listener_->resume();
}

Port listenTCP(Reactor& reactor, std::uint16_t port, std::shared_ptr<Factory> factory,
               const ListenOptions& options) {
  require(reactor, factory, "listenTCP");
  return listenAt(reactor, port, std::move(factory), options, std::nullopt);
}

Port listenSSL(Reactor& reactor, std::uint16_t port, std::shared_ptr<Factory> factory,
               const TlsContext& context, const ListenOptions& options) {
  require(reactor, factory, "listenSSL");
  if (context.side() != TlsContext::Side::server) {
    throw std::invalid_argument("listenSSL: the TlsContext is one for clients");
  }
  return listenAt(reactor, port, std::move(factory), options,
                  Listener::Tls{context, options.handshakeTimeout});
}

Port listenUNIX(Reactor& reactor, const std::string& path, std::shared_ptr<Factory> factory,
                const ListenUnixOptions& options) {
  require(reactor, factory, "listenUNIX");
  kj::AutoCloseFd socket = socketFor(AF_UNIX, "unix:" + path);
  auto file = std::make_unique<detail::UnixPath>(socket.get(), path, options.mode);
  beginToListen(socket.get(), options.backlog, "unix:" + path);
  return start(std::make_shared<Listener>(reactor, kj::mv(socket), std::move(file),
                                          std::move(factory), std::nullopt));
}

}  // namespace phial::inline v1
