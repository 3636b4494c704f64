// Cap'n Proto messages over two pipes, many at a time.
//
// This is the transport between a master and a worker: a capnp::MessageStream for
// TwoPartyVatNetwork on an event_base. Bytes are read without blocking into one reused buffer, and
// all messages in it are handed out before the kernel is asked again. Messages written during one
// turn of KJ's queue leave together in one writev. In the steady state a batch costs one read or
// one writev, and no epoll_ctl.
//
// Thread rule: the thread of `base` and of its LoopBridge.
//
// Life: the event_base and the KJ loop must outlive the pipe. Destroying the pipe closes both
// descriptors and fails what is pending as DISCONNECTED. Buffered messages that were not written
// are lost; end() sends them first.
#pragma once

#include <capnp/serialize-async.h>
#include <event2/event.h>
#include <kj/io.h>
#include <phial/protocol/error.h>
#include <phial/protocol/frame_reader.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {
class PipeReader;
class PipeWriter;
}  // namespace detail

/// Asks the kernel to buffer `bytes` in the pipe behind `fd`. Best effort: the system limits what
/// an unprivileged user may have. Returns the size in force, or 0 if `fd` is no pipe.
std::size_t widenPipe(int fd, std::size_t bytes = std::size_t{1} << 20);

/// Cap'n Proto's limits for RPC over a MessagePipe. The pipe itself limits the size of each message
/// and how often it is traversed, so these limits only must not be stricter: the defaults would
/// refuse messages of 64 MiB, and values nested as deep as value.h allows.
capnp::ReaderOptions rpcReaderOptions();

class MessagePipe final : public capnp::MessageStream {
 public:
  struct Stats {
    std::uint64_t messagesRead = 0;     // handed to a reader
    std::uint64_t bytesRead = 0;        // taken from the kernel
    std::uint64_t readCalls = 0;        // read(2), failed ones included
    std::uint64_t messagesWritten = 0;  // accepted by writeMessage
    std::uint64_t bytesWritten = 0;     // taken by the kernel
    std::uint64_t writeCalls = 0;       // writev(2), failed ones included
  };

  /// Sees what arrives before anybody else. Called inside callbacks of the pipe and of KJ: it must
  /// note what it is told and return, and must not destroy the pipe.
  class Watcher {
   public:
    /// Returns what is wrong with a message that has arrived; empty when nothing is. A message that
    /// is objected to is not handed out, and the objection becomes the pipe's error().
    virtual std::string objectionTo(capnp::MessageReader& message) = 0;
    /// The peer has rung, once or more.
    virtual void onBell() = 0;
    /// error() has been set. The read that fails because of it may be noticed much later, because a
    /// reader may first wait until all queued messages have been written.
    virtual void onFault() = 0;

   protected:
    ~Watcher() = default;
  };

  /// Owns both descriptors and makes them non-blocking. Throws kj::Exception when this fails,
  /// std::invalid_argument for limits that FrameReader refuses.
  ///
  /// With `arenas`, a message of more than 256 KiB goes through shared memory if there is room for
  /// it at the moment; a reference goes through the pipe.
  MessagePipe(event_base& base, kj::AutoCloseFd readFd, kj::AutoCloseFd writeFd,
              FrameLimits limits = {}, detail::Arenas arenas = {});
  ~MessagePipe() noexcept;

  /// From now on `watcher`, borrowed, sees what arrives. While the handed-out messages above 64 KiB
  /// that still exist take more than `mostHeldBytes` together, no further message is handed out.
  void watch(Watcher& watcher, std::uint64_t mostHeldBytes);

  /// From now on no arriving message may have more bytes.
  void limitReading(std::uint64_t maxMessageBytes);

  /// Wakes the peer's watcher by eight bytes: no memory, no answer. The bytes leave at once if the
  /// pipe has room; otherwise with the next write.
  void ring();

  /// Returns the next message; null when the stream ends between two messages. Fails when the
  /// stream breaks the framing or ends inside a frame (error() then has the ProtocolError), and
  /// when a read fails. One call at a time. Dropping the promise before it is ready loses nothing:
  /// the next call gets the message. `fdSpace` and `scratchSpace` are not used.
  kj::Promise<kj::Maybe<capnp::MessageReaderAndFds>> tryReadMessage(
      kj::ArrayPtr<kj::AutoCloseFd> fdSpace, capnp::ReaderOptions options = {},
      kj::ArrayPtr<capnp::word> scratchSpace = nullptr) override;

  /// Queues a message. Messages leave when KJ's queue is empty, at flush(), or as soon as 64 KiB
  /// wait, whichever comes first. A message of up to 64 KiB is copied, and the promise is ready at
  /// once; if more than 1 MiB waits, the promise is ready when the message has been written. A
  /// larger message is written straight from `segments`, which must stay valid until the promise is
  /// ready.
  ///
  /// Fails as FAILED, and sends nothing, when the message is above the limits or end() was called.
  /// Fails as DISCONNECTED when the peer has closed its end (EPIPE; SIGPIPE is left to the caller)
  /// or an earlier write has failed. Dropping the promise of a large message before it is ready
  /// fails all writes that are not complete, because half a frame cannot be taken back. Dropping
  /// the promise of a small message changes nothing.
  kj::Promise<void> writeMessage(
      kj::ArrayPtr<const int> fds,
      kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) override;
  kj::Promise<void> writeMessages(
      kj::ArrayPtr<kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>> messages) override;
  using MessageStream::tryReadMessage;
  using MessageStream::writeMessage;
  using MessageStream::writeMessages;

  /// How much the kernel buffers towards the peer.
  kj::Maybe<int> getSendBufferSize() override;

  /// Closes the write end once all queued messages have been written, even if the promise is
  /// dropped. Ready when the end is closed; fails when something could not be written. Reading goes
  /// on.
  kj::Promise<void> end() override;

  /// Writes now what the kernel takes without blocking, instead of at the end of the KJ turn. For
  /// code that is about to keep the thread busy.
  void flush();

  /// True while something written has not reached the kernel.
  bool writePending() const;

  /// True while a message or a fault is left to read: a complete message in the buffer, or any byte
  /// in the kernel. After a peer's death false means that all its messages have been handed out;
  /// what may be left is a part of a frame that will never be complete.
  bool readPending() const;

  /// True if nothing more will arrive: the stream has ended, or reading it has failed.
  bool ended() const;

  /// True while a complete message is being copied out of shared memory.
  bool fetching() const;

  /// What the peer did wrong. Set before the promise of the read that found it fails.
  const std::optional<ProtocolError>& error() const;
  /// True if error() is not the peer's fault: there was no memory for what it sent.
  bool outOfMemory() const;
  /// True if error() says that the stream ended inside a frame that had begun well.
  bool cutShort() const;

  Stats stats() const;

 private:
  std::unique_ptr<detail::PipeReader> reader_;
  std::unique_ptr<detail::PipeWriter> writer_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
