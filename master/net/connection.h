// One connection: a stream, its protocol, and what waits to be sent.
//
// Writing: write() only appends. The bytes are sent after the callback that runs now has returned,
// all of them in one call if the system takes them; otherwise a watch goes on when it has room.
//
// Ending: lose() is the one way out. It is called from the loop alone, outside the protocol's code,
// closes everything first and then tells producer, protocol and owner, each once.
//
// Thread rule: the reactor's thread. Life: the Reactor owns it from start() to lose().
#pragma once

#include <phial/master/reactor.h>
#include <phial/net/protocol.h>
#include <phial/net/transport.h>

#include <functional>
#include <memory>

#include "master/net/output_buffer.h"
#include "master/net/reactor_hold.h"
#include "master/net/stream.h"

namespace phial::inline v1::detail {

class Connection final : public Transport,
                         public HeldByReactor,
                         public std::enable_shared_from_this<Connection> {
 public:
  /// Called after connectionLost, with its reason.
  using Lost = std::function<void(const Failure&)>;

  Connection(Reactor& reactor, std::unique_ptr<Stream> stream, std::shared_ptr<Protocol> protocol,
             Lost lost);

  /// Begins to read, and calls connectionMade. Returns false when the connection has ended by it.
  /// Throws Error, and calls nothing, when the system cannot watch the socket. REQUIRES: from the
  /// loop.
  bool start();

  void write(std::string_view data) override;
  void loseConnection() override;
  void loseWriteConnection() override;
  void abortConnection() override;
  bool disconnecting() const override { return state_ != State::open; }
  void pauseProducing() override;
  void resumeProducing() override;
  void registerProducer(std::shared_ptr<Producer> producer, ProducerKind kind) override;
  void unregisterProducer() override;
  std::size_t bufferedBytes() const override { return output_.size(); }
  const Address& getPeer() const override { return peer_; }
  const Address& getHost() const override { return host_; }
  void setTcpNoDelay(TcpOption option) override;
  void setTcpKeepAlive(TcpOption option) override;
  ssl_st* ssl() const override { return state_ == State::lost ? nullptr : stream_->ssl(); }

  void reactorEnded() noexcept override;

 private:
  enum class State { open, closing, aborting, lost };
  // Of the sending side: loseWriteConnection() first asks, then everything is sent, then it ends.
  enum class Sending { open, ending, ended };
  // A direction that can go on only when the socket is ready for the other (TLS).
  enum class Crossed { none, readWantsRoom, writeWantsData };

  void onReadable();
  void read();
  void watchReading();
  void peerEnded();
  void onWritable();
  void watchWriting();
  void sendSoon();
  void send();
  bool sendPiece();
  void allSent();
  bool resumeProducer();
  void endSending();
  void endInOrder();

  template <class F>
  bool call(F f);
  void report(const Failure& failure);
  void lose(const Failure& reason);
  void closeStream(const Failure& reason);

  Reactor& reactor_;
  std::unique_ptr<Stream> stream_;
  std::shared_ptr<Protocol> protocol_;
  Lost lost_;
  const Address host_;
  const Address peer_;
  State state_ = State::open;
  Sending sending_ = Sending::open;
  Crossed crossed_ = Crossed::none;
  OutputBuffer output_;
  Watch reader_;
  Watch writer_;
  bool sendPlanned_ = false;  // a send() is due, by callSoon or the writer
  bool peerEnded_ = false;
  bool paused_ = false;
  std::shared_ptr<Producer> producer_;
  ProducerKind producerKind_ = ProducerKind::streaming;
  bool producerPaused_ = false;
  ReactorHold hold_;
};

// Calls the program's code. Returns false when the connection has ended by it, or before.
template <class F>
bool Connection::call(F f) {
  try {
    f();
  } catch (...) {
    const Failure failure = Failure::current();
    report(failure);
    lose(failure);
  }
  return state_ != State::lost;
}

}  // namespace phial::inline v1::detail
