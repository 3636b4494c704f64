// One connection, as its protocol sees it, and what writes into it in bulk.
//
// Thread rule: the reactor's thread.
#pragma once

#include <phial/net/address.h>

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string_view>

struct ssl_st;

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Makes data for a Transport at the pace of the peer. After Twisted's IPushProducer and
/// IPullProducer. If a member throws, the connection is closed with this exception as the reason.
class Producer {
 public:
  virtual ~Producer() = default;
  /// Streaming: write again, until pauseProducing(). Pulled: write one piece. May unregister.
  virtual void resumeProducing() = 0;
  /// Streaming alone: write no more until resumeProducing(). Called inside write().
  virtual void pauseProducing() {}
  /// Write no more, ever: the connection is lost. Called before connectionLost.
  virtual void stopProducing() {}
};

enum class ProducerKind {
  streaming,  ///< writes until it is paused, as a file that is read by a timer
  pulled,     ///< writes one piece each time resumeProducing() is called
};

enum class TcpOption { off, on };

/// The sending side of a connection. After Twisted's ITransport, ITCPTransport and IConsumer.
///
/// No member calls the protocol: what follows from a call arrives from the loop. Pausing a
/// streaming producer and the first resume of a pulled one are the exceptions, inside write() and
/// registerProducer(). When the connection has been lost, or its Reactor has ended, every member
/// does nothing.
///
/// A test may implement Transport and give it to Protocol::makeConnection().
class Transport {
 public:
  virtual ~Transport() = default;

  /// Sends `data`, which is copied, after everything that was written before. Never waits and never
  /// fails: what the peer does not take stays in memory, without a limit. Bound it with a Producer.
  /// Data written after loseConnection() or loseWriteConnection() is dropped, unless a producer is
  /// registered.
  virtual void write(std::string_view data) = 0;
  /// Sends the pieces one after the other.
  void writeSequence(std::initializer_list<std::string_view> pieces) {
    for (const auto piece : pieces) write(piece);
  }

  /// Closes the connection when everything has been sent and no producer is registered; then
  /// connectionLost(ConnectionDone). Nothing more is received from now on. If the peer never reads,
  /// this never ends: bound it with a timer and abortConnection().
  virtual void loseConnection() = 0;
  /// Closes the sending side when everything has been sent; data still arrives. See
  /// HalfCloseableProtocol. With TLS as loseConnection().
  virtual void loseWriteConnection() = 0;
  /// Drops what has not been sent and resets the connection; then
  /// connectionLost(ConnectionAborted).
  virtual void abortConnection() = 0;
  /// True from loseConnection() or abortConnection() on, and when the connection has been lost.
  virtual bool disconnecting() const = 0;

  /// Receives nothing until resumeProducing(): the peer's sending comes to a halt when the system's
  /// buffers are full. The end of the peer is not noticed meanwhile, except by a write.
  virtual void pauseProducing() = 0;
  virtual void resumeProducing() = 0;

  /// Lets `producer` write at the peer's pace. A streaming producer is paused while more than
  /// kHighWaterBytes wait to be sent, and resumed when none do. A pulled one is called at once, and
  /// again whenever all has been sent. If the connection has been lost, calls stopProducing() at
  /// once. Throws std::logic_error when a producer is registered, std::invalid_argument for null.
  virtual void registerProducer(std::shared_ptr<Producer> producer, ProducerKind kind) = 0;
  /// Forgets the producer: it has written everything. Harmless without one.
  virtual void unregisterProducer() = 0;
  /// The bytes that were written and not yet taken by the system.
  virtual std::size_t bufferedBytes() const = 0;
  static constexpr std::size_t kHighWaterBytes = std::size_t{64} << 10;

  virtual const Address& getPeer() const = 0;
  virtual const Address& getHost() const = 0;
  /// Sends small pieces at once (TCP_NODELAY) instead of joining them. Default off. Nothing happens
  /// on a Unix socket.
  virtual void setTcpNoDelay(TcpOption option) = 0;
  /// Has the kernel find out that a silent peer has gone (SO_KEEPALIVE). Default off.
  virtual void setTcpKeepAlive(TcpOption option) = 0;

  /// OpenSSL's object of this connection, for certificates and ciphers; null without TLS. Borrowed,
  /// until the connection is lost: do not read, write or change it.
  virtual ssl_st* ssl() const { return nullptr; }
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
