#include "master/net/listener.h"

#include <phial/net/errors.h>
#include <phial/protocol/descriptor.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "master/net/connection.h"
#include "master/net/handshake.h"
#include "master/net/socket.h"

namespace phial::inline v1::detail {
namespace {

using namespace std::chrono_literals;

// Connections that are accepted in one turn of the loop, so that others have their turn.
constexpr int kAcceptedATurn = 32;
// The pause when the system has no descriptor or memory: the socket stays readable all the while.
constexpr Duration kShortagePause = 100ms;

bool shortage(int code) {
  return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM;
}

}  // namespace

Listener::Listener(Reactor& reactor, kj::AutoCloseFd socket, std::unique_ptr<UnixPath> file,
                   std::shared_ptr<Factory> factory, std::optional<Tls> tls)
    : reactor_(reactor),
      socket_(kj::mv(socket)),
      file_(std::move(file)),
      factory_(std::move(factory)),
      tls_(std::move(tls)),
      host_(hostOf(socket_.get())) {}

Listener::~Listener() noexcept = default;

void Listener::start() {
  watch();
  hold_.begin(reactor_, shared_from_this());
  factory_->doStart();
}

void Listener::watch() {
  watch_ = reactor_.addReader(socket_.get(), [this] { onReadable(); });
}

void Listener::close() {
  watch_.stop();
  file_.reset();
  socket_ = nullptr;
  for (const auto& each : std::exchange(handshakes_, {})) each->cancel();
}

void Listener::stop() {
  if (!listening()) return;
  const auto self = shared_from_this();
  close();
  afterShortage_.cancel();
  const auto factory = std::exchange(factory_, nullptr);
  hold_.end();
  try {
    factory->doStop();
  } catch (...) {
    reactor_.callSoon([failure = Failure::current()] { failure.rethrow(); });
  }
}

// The handshakes end by themselves.
void Listener::reactorEnded() noexcept {
  watch_.stop();
  file_.reset();
  socket_ = nullptr;
  const auto handshakes = std::exchange(handshakes_, {});
  const auto factory = std::exchange(factory_, nullptr);
}

void Listener::pause() {
  paused_ = true;
  watch_.stop();
}

void Listener::resume() {
  paused_ = false;
  if (listening() && !watch_.active() && !afterShortage_.active()) watch();
}

void Listener::onReadable() {
  const auto self = shared_from_this();
  for (int i = 0; i < kAcceptedATurn && watch_.active(); ++i) {
    if (!acceptOne()) return;
  }
}

bool Listener::acceptOne() {
  kj::AutoCloseFd accepted =
      ownDescriptor(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (accepted.get() < 0) {
    acceptFailed(errno);
    return false;
  }
  shortageTold_ = false;
  try {
    welcome(kj::mv(accepted));
  } catch (...) {
    reactor_.callSoon([failure = Failure::current()] { failure.rethrow(); });
  }
  return true;
}

// Other errors are of the one connection, which has gone before it was accepted.
void Listener::acceptFailed(int code) {
  if (!shortage(code)) return;
  watch_.stop();
  afterShortage_ = reactor_.callLater(kShortagePause, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->listening() && !self->paused_) self->watch();
  });
  if (std::exchange(shortageTold_, true)) return;
  reactor_.callSoon([code, host = host_] {
    const std::string reason =
        "cannot accept a connection: " + std::generic_category().message(code);
    throw NetworkError(reason, reason + " (at " + host.toString() + ")", code);
  });
}

void Listener::welcome(kj::AutoCloseFd socket) {
  if (tls_) return shakeHands(tlsStream(kj::mv(socket), tls_->context, {}));
  serve(plainStream(kj::mv(socket)));
}

void Listener::shakeHands(std::unique_ptr<Stream> stream) {
  const Address peer = peerOf(stream->fd());
  const auto slot = std::make_shared<std::weak_ptr<Handshake>>();
  auto handshake = std::make_shared<Handshake>(
      reactor_, std::move(stream),
      [weak = weak_from_this(), slot, peer](std::unique_ptr<Stream> ready, const Failure* failure) {
        const auto self = weak.lock();
        if (!self || !self->listening()) return;
        self->handshakes_.erase(slot->lock());
        if (failure == nullptr) return self->serve(std::move(ready));
        const auto factory = self->factory_;
        factory->handshakeFailed(peer, *failure);
      });
  *slot = handshake;
  handshakes_.insert(handshake);
  handshake->begin(tls_->timeout);
}

void Listener::serve(std::unique_ptr<Stream> stream) {
  const auto factory = factory_;
  auto protocol = factory->buildProtocol(peerOf(stream->fd()));
  if (!protocol) return;
  std::make_shared<Connection>(reactor_, std::move(stream), std::move(protocol), nullptr)->start();
}

}  // namespace phial::inline v1::detail
