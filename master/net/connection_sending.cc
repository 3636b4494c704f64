// How a Connection sends, and paces what writes into it.
#include <phial/net/errors.h>

#include <stdexcept>
#include <utility>

#include "master/net/connection.h"

namespace phial::inline v1::detail {
namespace {

// A fast reader must not keep the loop from others: the rest goes in the next turn.
constexpr std::size_t kSendBytesATurn = std::size_t{1} << 20;

}  // namespace

void Connection::write(std::string_view data) {
  const bool wanted = state_ == State::open ? sending_ != Sending::ended : state_ == State::closing;
  const bool closing = state_ == State::closing || sending_ == Sending::ending;
  if (data.empty() || !wanted || (closing && !producer_)) return;
  output_.append(data);
  sendSoon();
  if (producer_ && producerKind_ == ProducerKind::streaming && !producerPaused_ &&
      output_.size() > kHighWaterBytes) {
    producerPaused_ = true;
    const auto producer = producer_;
    producer->pauseProducing();
  }
}

void Connection::registerProducer(std::shared_ptr<Producer> producer, ProducerKind kind) {
  if (!producer) throw std::invalid_argument("Transport::registerProducer: the producer is null");
  if (state_ == State::lost || state_ == State::aborting) return producer->stopProducing();
  if (producer_) {
    throw std::logic_error(
        "Transport::registerProducer: there is one already; unregister it first");
  }
  producer_ = producer;
  producerKind_ = kind;
  producerPaused_ = false;
  if (kind == ProducerKind::pulled) producer->resumeProducing();
}

void Connection::unregisterProducer() {
  if (!producer_) return;
  const auto producer = std::exchange(producer_, nullptr);
  // What has waited for the producer's end: a close.
  if (state_ != State::open || sending_ == Sending::ending) sendSoon();
}

void Connection::sendSoon() {
  if (std::exchange(sendPlanned_, true)) return;
  reactor_.callSoon([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->send();
  });
}

void Connection::watchWriting() {
  if (writer_.active()) return;
  writer_ = reactor_.addWriter(stream_->fd(), [this] { onWritable(); });
}

void Connection::onWritable() {
  const auto self = shared_from_this();
  if (crossed_ == Crossed::readWantsRoom) {
    crossed_ = Crossed::none;
    if (state_ == State::open) read();
  }
  if (state_ != State::lost) send();
}

// While this runs, what is written waits for the writer and not for callSoon: a producer that is as
// fast as its reader would otherwise never let the loop look at anything else.
void Connection::send() {
  if (state_ == State::lost || state_ == State::aborting) return;
  const auto self = shared_from_this();
  sendPlanned_ = true;
  const std::size_t before = output_.size();
  while (output_.size() > 0 && before - output_.size() < kSendBytesATurn) {
    if (!sendPiece()) return;
  }
  if (output_.size() == 0) allSent();
  if (state_ == State::lost || state_ == State::aborting) return;
  if (output_.size() > 0) return watchWriting();
  if (crossed_ != Crossed::readWantsRoom) writer_.stop();
  sendPlanned_ = writer_.active();
}

// Returns whether to go on at once.
bool Connection::sendPiece() {
  const Io io = stream_->write(output_);
  switch (io.status) {
    case Io::Status::done:
      return true;
    case Io::Status::wantsWrite:
      watchWriting();
      return false;
    case Io::Status::wantsRead:
      crossed_ = Crossed::writeWantsData;
      if (!reader_.active()) {
        reader_ = reactor_.addReader(stream_->fd(), [this] { onReadable(); });
      }
      return false;
    case Io::Status::ended:
      lose(Failure(ConnectionDone()));
      return false;
    case Io::Status::failed:
      break;
  }
  lose(*io.failure);
  return false;
}

void Connection::allSent() {
  if (!resumeProducer() || output_.size() > 0 || producer_) return;
  if (sending_ == Sending::ending) return endSending();
  if (state_ == State::closing) endInOrder();
}

// Returns whether the connection is still there.
bool Connection::resumeProducer() {
  const bool waits = producer_ && (producerPaused_ || producerKind_ == ProducerKind::pulled);
  if (!waits) return true;
  producerPaused_ = false;
  const auto producer = producer_;
  return call([&] { producer->resumeProducing(); });
}

void Connection::endSending() {
  sending_ = Sending::ended;
  stream_->endWriting();
  auto* const halfCloseable = dynamic_cast<HalfCloseableProtocol*>(protocol_.get());
  if (halfCloseable != nullptr && !call([&] { halfCloseable->writeConnectionLost(); })) return;
  if (peerEnded_ || state_ == State::closing) lose(Failure(ConnectionDone()));
}

void Connection::endInOrder() {
  if (sending_ == Sending::open && stream_->endWriting().status == Io::Status::wantsWrite) {
    return watchWriting();
  }
  lose(Failure(ConnectionDone()));
}

}  // namespace phial::inline v1::detail
