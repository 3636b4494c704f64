// Cap'n Proto messages over two pipes, many at a time.
//
// The transport between a master and a worker: a capnp::MessageStream for TwoPartyVatNetwork on an
// event_base. Bytes are read without blocking into one reused buffer and all messages in them are
// handed out before the kernel is asked again; what is written during one turn of KJ's queue
// leaves together in one writev. In the steady state a batch costs one read or one writev, and no
// epoll_ctl.
//
// Thread rule: the thread of `base` and of its LoopBridge.
// Life: the event_base and the KJ loop outlive the pipe. Destroying it closes both descriptors and
// fails what is still pending as DISCONNECTED; what was buffered and not written is lost (end()
// first to send it).
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

namespace phial {

namespace detail {
class PipeReader;
class PipeWriter;
}  // namespace detail

/// Asks the kernel to buffer `bytes` in the pipe behind `fd`: best effort, since the system limits
/// what an unprivileged user may have. Returns what is in force now, or 0 if `fd` is no pipe.
std::size_t widenPipe(int fd, std::size_t bytes = std::size_t{1} << 20);

/// Cap'n Proto's limits for RPC over a MessagePipe. The pipe itself bounds each message and how
/// often it is traversed, so these only must not be stricter: the defaults would refuse messages of
/// 64 MiB and values of a depth that value.h allows.
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

  /// Who looks at what arrives before anybody else does. Called inside the pipe's and KJ's
  /// callbacks: it must note what it hears and return, and must not destroy the pipe.
  class Watcher {
   public:
    /// What is wrong with a message that has arrived, or nothing. One that is objected to is not
    /// handed out; it becomes the pipe's error().
    virtual std::string objectionTo(capnp::MessageReader& message) = 0;
    /// The peer has rung, once or more.
    virtual void onBell() = 0;
    /// error() has been set. The read that fails of it may be heard of much later: whoever reads
    /// may first wait until all that is queued has been written.
    virtual void onFault() = 0;

   protected:
    ~Watcher() = default;
  };

  /// Owns both descriptors and makes them non-blocking. Throws kj::Exception when that fails,
  /// std::invalid_argument for limits that FrameReader refuses.
  ///
  /// With `arenas` a message of more than 256 KiB goes through shared memory when there is room for
  /// it at the moment, and a reference through the pipe.
  MessagePipe(event_base& base, kj::AutoCloseFd readFd, kj::AutoCloseFd writeFd,
              FrameLimits limits = {}, detail::Arenas arenas = {});
  ~MessagePipe() noexcept;

  /// From here on `watcher`, borrowed, sees what arrives. While the messages above 64 KiB that were
  /// handed out and still exist have more than `mostHeldBytes` together, no other is handed out.
  void watch(Watcher& watcher, std::uint64_t mostHeldBytes);

  /// From here on no message that arrives may have more bytes.
  void limitReading(std::uint64_t maxMessageBytes);

  /// Tells the peer's watcher to look: eight bytes, no memory, and nothing comes back. They leave
  /// at once if the pipe has room, else with what is written next.
  void ring();

  /// The next message; null at the end of the stream between two messages. Fails when the stream
  /// breaks the framing or ends in the middle of a frame (error() has the ProtocolError then), and
  /// on a failed read. One call at a time. Dropping the promise before it is ready loses nothing:
  /// the next call gets the message. `fdSpace` and `scratchSpace` are not used.
  kj::Promise<kj::Maybe<capnp::MessageReaderAndFds>> tryReadMessage(
      kj::ArrayPtr<kj::AutoCloseFd> fdSpace, capnp::ReaderOptions options = {},
      kj::ArrayPtr<capnp::word> scratchSpace = nullptr) override;

  /// Queues a message behind all that was queued before. It leaves when KJ's queue is empty, with
  /// flush(), or as soon as 64 KiB wait, whichever comes first. A small one (64 KiB) is copied and
  /// the promise is ready at once, unless more than 1 MiB waits: then when it has been written. A
  /// larger one is written straight from `segments`, which must stay valid until the promise is
  /// ready.
  ///
  /// Fails as FAILED, and sends nothing, when the message is above the limits or end() was called;
  /// as DISCONNECTED when the peer has closed its end (EPIPE; SIGPIPE is the caller's affair) or
  /// an earlier write failed. Dropping the promise of a large message before it is ready fails all
  /// writes that have not been made, since half a frame cannot be taken back. Dropping that of a
  /// small one changes nothing.
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

  /// Closes the write end once all that is queued has been written, even if the promise is dropped.
  /// Ready when it is closed; fails when something could not be written. Reading goes on.
  kj::Promise<void> end() override;

  /// Writes what the kernel takes without blocking now, instead of at the end of the KJ turn: for
  /// code that is about to keep the thread busy.
  void flush();

  /// True while something written has not reached the kernel.
  bool writePending() const;

  /// True while a message, or a fault, is left to read: buffered here in full, or any byte in the
  /// kernel. False after a peer's death means that all it said has been handed out, save a part of
  /// a frame that will never be complete.
  bool readPending() const;

  /// Whether nothing more will arrive: the stream has ended, or reading it has failed.
  bool ended() const;

  /// True while a message that has arrived in full is being copied out of shared memory.
  bool fetching() const;

  /// What the peer did wrong; set before the promise of the read that found it fails.
  const std::optional<ProtocolError>& error() const;
  /// Whether error() is not the peer's fault: there was no memory for what it sent.
  bool outOfMemory() const;
  /// Whether error() is that the stream ended inside a frame which had begun well.
  bool cutShort() const;

  Stats stats() const;

 private:
  std::unique_ptr<detail::PipeReader> reader_;
  std::unique_ptr<detail::PipeWriter> writer_;
};

}  // namespace phial
