#include "master/net/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <phial/net/errors.h>

#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "master/net/socket.h"

namespace phial::inline v1::detail {
namespace {

// Four of TLS's largest records; as much as Twisted reads at once.
constexpr std::size_t kReadBytes = std::size_t{64} << 10;

}  // namespace

Connection::Connection(Reactor& reactor, std::unique_ptr<Stream> stream,
                       std::shared_ptr<Protocol> protocol, Lost lost)
    : reactor_(reactor),
      stream_(std::move(stream)),
      protocol_(std::move(protocol)),
      lost_(std::move(lost)),
      host_(hostOf(stream_->fd())),
      peer_(peerOf(stream_->fd())) {}

bool Connection::start() {
  const auto self = shared_from_this();
  watchReading();
  hold_.begin(reactor_, self);
  return call([&] { protocol_->makeConnection(self); });
}

void Connection::watchReading() {
  if (reader_.active() || paused_ || peerEnded_ || state_ != State::open) return;
  reader_ = reactor_.addReader(stream_->fd(), [this] { onReadable(); });
}

void Connection::onReadable() {
  const auto self = shared_from_this();
  if (crossed_ == Crossed::writeWantsData) {
    crossed_ = Crossed::none;
    if (paused_ || state_ != State::open) reader_.stop();
    send();
  }
  if (state_ == State::open && !paused_) read();
}

void Connection::read() {
  std::array<char, kReadBytes> buffer;  // NOLINT: clearing 64 KiB for each read has a price
  const Io io = stream_->read(buffer);
  switch (io.status) {
    case Io::Status::done:
      call([&] { protocol_->dataReceived(std::string_view(buffer.data(), io.bytes)); });
      break;
    case Io::Status::wantsRead:
      break;
    case Io::Status::wantsWrite:
      crossed_ = Crossed::readWantsRoom;
      watchWriting();
      break;
    case Io::Status::ended:
      peerEnded();
      break;
    case Io::Status::failed:
      lose(*io.failure);
      break;
  }
}

void Connection::peerEnded() {
  peerEnded_ = true;
  auto* const halfCloseable = dynamic_cast<HalfCloseableProtocol*>(protocol_.get());
  if (halfCloseable == nullptr || !stream_->halfCloses()) {
    stream_->endWriting();
    return lose(Failure(ConnectionDone()));
  }
  reader_.stop();
  if (!call([&] { halfCloseable->readConnectionLost(); })) return;
  if (sending_ == Sending::ended) lose(Failure(ConnectionDone()));
}

void Connection::pauseProducing() {
  if (state_ == State::lost) return;
  paused_ = true;
  if (crossed_ != Crossed::writeWantsData) reader_.stop();
}

void Connection::resumeProducing() {
  if (state_ == State::lost) return;
  paused_ = false;
  watchReading();
}

void Connection::loseConnection() {
  if (state_ != State::open) return;
  state_ = State::closing;
  if (crossed_ != Crossed::writeWantsData) reader_.stop();
  sendSoon();
}

void Connection::loseWriteConnection() {
  if (!stream_ || !stream_->halfCloses()) return loseConnection();
  if (state_ != State::open || sending_ != Sending::open) return;
  sending_ = Sending::ending;
  sendSoon();
}

void Connection::abortConnection() {
  if (state_ == State::aborting || state_ == State::lost) return;
  state_ = State::aborting;
  reader_.stop();
  writer_.stop();
  output_.clear();
  reactor_.callSoon([self = shared_from_this()] { self->lose(Failure(ConnectionAborted())); });
}

void Connection::setTcpNoDelay(TcpOption option) {
  if (state_ == State::lost) return;
  setOption(stream_->fd(), IPPROTO_TCP, TCP_NODELAY, option == TcpOption::on ? 1 : 0);
}

void Connection::setTcpKeepAlive(TcpOption option) {
  if (state_ == State::lost) return;
  setOption(stream_->fd(), SOL_SOCKET, SO_KEEPALIVE, option == TcpOption::on ? 1 : 0);
}

// By a call of its own, so that the Reactor's guard has it.
void Connection::report(const Failure& failure) {
  reactor_.callSoon([failure] { failure.rethrow(); });
}

void Connection::lose(const Failure& reason) {
  if (state_ == State::lost) return;
  const auto self = shared_from_this();
  state_ = State::lost;
  reader_.stop();
  writer_.stop();
  output_.clear();
  closeStream(reason);
  const auto producer = std::exchange(producer_, nullptr);
  const auto protocol = std::exchange(protocol_, nullptr);
  const auto lost = std::exchange(lost_, nullptr);
  hold_.end();
  const auto finish = [&](const auto& f) {
    try {
      f();
    } catch (...) {
      report(Failure::current());
    }
  };
  if (producer) finish([&] { producer->stopProducing(); });
  finish([&] { protocol->connectionLost(reason); });
  if (lost) finish([&] { lost(reason); });
}

void Connection::closeStream(const Failure& reason) {
  stream_->close(reason.check<ConnectionAborted>() ? Stream::Closing::byReset
                                                   : Stream::Closing::inOrder);
  stream_.reset();
}

void Connection::reactorEnded() noexcept {
  state_ = State::lost;
  reader_.stop();
  writer_.stop();
  output_.clear();
  stream_.reset();
  const auto producer = std::exchange(producer_, nullptr);
  const auto protocol = std::exchange(protocol_, nullptr);
  const auto lost = std::exchange(lost_, nullptr);
}

}  // namespace phial::inline v1::detail
