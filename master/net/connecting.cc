#include "master/net/connecting.h"

#include <phial/net/errors.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include "master/net/connection.h"
#include "master/net/handshake.h"
#include "master/net/resolve.h"

namespace phial::inline v1::detail {
namespace {

using State = Connector::State;

std::string nameOf(const Connecting::Target& target) {
  if (const auto* path = std::get_if<std::string>(&target)) {
    return Address{.family = Address::Family::local, .path = *path}.toString();
  }
  const auto& [host, port] = std::get<HostAndPort>(target);
  const bool colons = host.find(':') != std::string::npos;
  return (colons ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Failure connectFailure(int code, const std::string& target) {
  // A Unix socket without a file has no listener either, as Twisted sees it.
  if (code == ECONNREFUSED || code == ENOENT) {
    const ConnectError error(code, target);
    return Failure(ConnectionRefused(error.what(), error.describe(), code));
  }
  if (code == ETIMEDOUT) return Failure(TimeoutError("the connection took too long"));
  return Failure(ConnectError(code, target));
}

}  // namespace

Connecting::Connecting(Reactor& reactor, Target target, std::shared_ptr<ClientFactory> factory,
                       std::optional<TlsContext> tls, ConnectOptions options)
    : reactor_(reactor),
      target_(std::move(target)),
      destination_(nameOf(target_)),
      factory_(std::move(factory)),
      tls_(std::move(tls)),
      options_(std::move(options)) {}

Connecting::~Connecting() noexcept = default;

void Connecting::connect() {
  if (ended_) return;
  if (state_ != State::disconnected) {
    throw std::logic_error("Connector::connect: an attempt or a connection to " + destination_ +
                           " is there already");
  }
  const auto self = shared_from_this();
  state_ = State::connecting;
  hold_.begin(reactor_, self);
  if (!std::exchange(factoryStarted_, true)) factory_->doStart();
  timer_ = reactor_.callLater(
      options_.timeout, [this] { failed(Failure(TimeoutError("the connection took too long"))); });
  try {
    factory_->startedConnecting(Connector(self));
  } catch (...) {
    failSoon(Failure::current());
    throw;
  }
  // Never inside the caller's call; stopConnecting() may have come before.
  reactor_.callSoon([weak = weak_from_this(), timer = timer_] {
    const auto connecting = weak.lock();
    if (connecting && timer.active()) connecting->lookUp();
  });
}

void Connecting::lookUp() {
  const auto self = shared_from_this();
  if (const auto* path = std::get_if<std::string>(&target_)) {
    const auto address = unixAddress(*path);
    if (!address)
      return failed(connectFailure(path->empty() ? EINVAL : ENAMETOOLONG, destination_));
    return found({*address});
  }
  const auto& [host, port] = std::get<HostAndPort>(target_);
  lookup_ = resolve(reactor_, host, port)
                .addCallbacks(
                    [weak = weak_from_this()](std::vector<SocketAddress> addresses) {
                      if (const auto connecting = weak.lock()) {
                        connecting->found(std::move(addresses));
                      }
                    },
                    [weak = weak_from_this()](const Failure& failure) {
                      const auto connecting = weak.lock();
                      if (connecting && !failure.check<CancelledError>()) {
                        connecting->failed(failure);
                      }
                    });
}

void Connecting::found(std::vector<SocketAddress> addresses) {
  addresses_ = std::move(addresses);
  std::reverse(addresses_.begin(), addresses_.end());
  tryNext(Failure(DNSLookupError("the host has no address", destination_ + " has no address", 0)));
}

void Connecting::tryNext(const Failure& latest) {
  Failure failure = latest;
  while (!addresses_.empty()) {
    const SocketAddress address = addresses_.back();
    addresses_.pop_back();
    trying_ = readable(address).toString();
    const auto refused = begin(address);
    if (!refused) return;
    failure = *refused;
  }
  failed(failure);
}

// Returns why the attempt failed at once; nothing when it is under way.
std::optional<Failure> Connecting::begin(const SocketAddress& address) {
  socket_ = openSocket(address.family());
  if (socket_.get() < 0) return connectFailure(errno, trying_);
  if (!options_.bindAddress.empty() && address.family() != AF_UNIX) {
    const auto own = numericAddress(options_.bindAddress, 0);
    if (!own) return connectFailure(EADDRNOTAVAIL, trying_);
    if (::bind(socket_.get(), own->get(), own->size) != 0) return connectFailure(errno, trying_);
  }
  if (::connect(socket_.get(), address.get(), address.size) != 0 && errno != EINPROGRESS) {
    return connectFailure(errno, trying_);
  }
  // A socket that is connected already has room as well.
  watch_ = reactor_.addWriter(socket_.get(), [this] { settled(); });
  return std::nullopt;
}

void Connecting::settled() {
  const auto self = shared_from_this();
  watch_.stop();
  int code = pendingError(socket_.get());
  // A client of a port without a listener may, on its own machine, meet itself.
  if (code == 0 && hostOf(socket_.get()).family != Address::Family::local &&
      hostOf(socket_.get()) == peerOf(socket_.get())) {
    code = ECONNREFUSED;
  }
  if (code != 0) return tryNext(connectFailure(code, trying_));
  if (!tls_) return established(plainStream(kj::mv(socket_)));
  try {
    shakeHands(tlsStream(kj::mv(socket_), *tls_, serverName()));
  } catch (...) {
    failed(Failure::current());
  }
}

void Connecting::shakeHands(std::unique_ptr<Stream> stream) {
  handshake_ = std::make_shared<Handshake>(
      reactor_, std::move(stream),
      [weak = weak_from_this()](std::unique_ptr<Stream> ready, const Failure* failure) {
        const auto self = weak.lock();
        if (!self) return;
        self->handshake_.reset();
        if (failure != nullptr) return self->failed(*failure);
        self->established(std::move(ready));
      });
  handshake_->begin(Duration::max());  // the attempt's own timer counts
}

std::string Connecting::serverName() const {
  return options_.serverName.empty() ? std::get<HostAndPort>(target_).host : options_.serverName;
}

}  // namespace phial::inline v1::detail
