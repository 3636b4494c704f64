// Cap'n Proto's stream framing: from bytes to messages, without a descriptor.
//
// A frame is a table (the number of segments less one, then each segment's size in words, 32 bits
// each, little-endian, padded to a whole word), followed by the segments; see capnp/serialize.h.
// The peer may be broken or hostile. A frame's claims are checked before they are believed, and
// memory grows with what has arrived, never with what was claimed.
//
// With an arena, a reference may stand in place of a frame. fetch() copies such a message out of
// the arena, in steps of any size, unless it can be read in place. Its table is read before memory
// is taken for it, and its file must hold as many bytes as it claims. These checks cost two system
// calls a message, beside the copy of at least 256 KiB.
//
// A bell may stand in place of a frame too: eight bytes without content (progress_board.h).
//
// Use: fill a part of space(), call received() with its size, take messages with next() until it
// returns null, and repeat. If fetching() is true then, call fetch() until it returns true, then
// next(). After an error the reader stays in error.
//
// Thread rule: one thread at a time. fetch() may run on another thread while only const members are
// called here. Messages that were handed out are independent of the reader.
#pragma once

#include <capnp/message.h>
#include <kj/array.h>
#include <kj/memory.h>
#include <phial/protocol/arena.h>
#include <phial/protocol/error.h>
#include <phial/protocol/thresholds.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Limits of one frame, in either direction.
struct FrameLimits {
  /// The most bytes in one frame, its table included.
  std::uint64_t maxMessageBytes = std::uint64_t{4} << 30;

  /// The most segments in one frame; at most FrameReader::kMostSegments. Cap'n Proto's own stream
  /// readers allow 512.
  std::uint32_t maxSegments = 512;
};

class FrameReader {
 public:
  /// Frames up to this size share one buffer and are copied out of it. Larger frames are received
  /// into memory of their own.
  static constexpr std::size_t kBufferBytes = detail::kReceiveBufferBytes;

  /// The largest useful FrameLimits::maxSegments: a table must fit into the buffer.
  static constexpr std::uint32_t kMostSegments = 8192;

  /// A bell: this number, with which no frame can begin, and four bytes of zero.
  static constexpr std::uint32_t kBell = 0xa12e7b00;
  static constexpr std::size_t kBellBytes = 8;

  /// Throws std::invalid_argument when `limits.maxSegments` is above kMostSegments. Messages are
  /// copied out of `arena` into memory from `takeMemory`, if it is not null.
  explicit FrameReader(FrameLimits limits = {},
                       std::shared_ptr<detail::ArenaReader> arena = nullptr,
                       detail::TakeMemory takeMemory = nullptr);

  /// Where the next bytes go. Valid until the next call of any member. Empty only after an error;
  /// running out of memory for a large frame is an error too. REQUIRES: next() has returned null
  /// since the last received(), and not fetching().
  kj::ArrayPtr<kj::byte> space();

  /// The first `bytes` bytes of space() have been filled.
  void received(std::size_t bytes);

  /// No byte will follow. This is an error unless the stream stands between two frames.
  void ended();

  /// Returns the next complete message, word-aligned and owning its memory; null when none is
  /// complete or there is an error. `options` are Cap'n Proto's limits for reading the message; its
  /// traversal limit is lowered to a small multiple of the message's size.
  kj::Maybe<kj::Own<capnp::MessageReader>> next(capnp::ReaderOptions options = {});

  /// The size in bytes of the message that next() returned last, its table included.
  std::uint64_t lastBytes() const { return lastBytes_; }

  /// True if bells have arrived since the last call, as far as next() has read.
  bool takeBell() { return std::exchange(bell_, false); }

  /// From now on no frame may have more bytes. REQUIRES: between two calls of next().
  void limitTo(std::uint64_t maxMessageBytes) { limits_.maxMessageBytes = maxMessageBytes; }

  /// Puts the reader in error because of the message that was handed out last.
  void refuse(std::string what) {
    if (!error_) error_.emplace(std::move(what));
  }

  /// True while the next message is being copied out of the arena.
  bool fetching() const { return reference_.has_value(); }
  /// The size of this message in bytes. REQUIRES: fetching().
  std::size_t fetchBytes() const { return reference_->bytes; }
  /// Copies up to `most` further bytes of it. Returns true when nothing is left to copy. REQUIRES:
  /// fetching().
  bool fetch(std::size_t most);

  /// True if next() would return a message or find an error, at once or after some fetch().
  bool ready() const;

  /// What the peer did wrong. Messages that were complete before the fault are still returned
  /// first.
  const std::optional<ProtocolError>& error() const { return error_; }
  /// True if error() says that the stream ended inside a frame that had begun well: a peer that
  /// dies while it writes leaves such a frame.
  bool cutShort() const { return cutShort_; }

  /// True if error() is not the peer's fault: there was no memory for what it sent.
  bool outOfMemory() const { return outOfMemory_; }

  /// How many bytes of memory the reader holds now, for messages not yet handed out.
  std::size_t capacity() const;

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  using Memory = std::unique_ptr<kj::byte[], Free>;

  // One large frame while it arrives. Its memory grows with what has arrived, the claimed size
  // being only the upper bound.
  class LargeFrame {
   public:
    bool arriving() const { return bytes_ != 0; }
    bool complete() const { return filled_ == bytes_; }
    // What the frame claims, what has come of it, and what memory it has.
    std::size_t bytes() const { return bytes_; }
    std::size_t filled() const { return filled_; }
    std::size_t capacity() const { return capacity_; }

    // Begins a frame of `bytes` bytes, of which `have` are there. False: no memory.
    bool begin(std::size_t bytes, kj::ArrayPtr<const kj::byte> have);
    // Where the next bytes go; empty: no memory.
    kj::ArrayPtr<kj::byte> space();
    void received(std::size_t bytes) { filled_ += bytes; }
    // Hands out the frame. REQUIRES: complete().
    Memory take();

   private:
    bool grow(std::size_t capacity);

    Memory memory_;
    std::size_t bytes_ = 0;
    std::size_t filled_ = 0;
    std::size_t capacity_ = 0;
  };

  struct Table;
  class SmallMessage;
  class LargeMessage;
  class SharedMessage;

  static Table tableOf(const kj::byte* frame, std::size_t have, const FrameLimits& limits);
  Table readTable(std::size_t at) const;
  std::size_t behindBells() const;
  kj::Maybe<kj::Own<capnp::MessageReader>> startFetching(capnp::ReaderOptions options);
  kj::Maybe<kj::Own<capnp::MessageReader>> nextFetched(capnp::ReaderOptions options);
  std::string objectionTo(const detail::ArenaReference& reference) const;
  static std::string objectionTo(const Table& table, std::uint64_t bytes);
  bool requireWhole(const kj::byte* frame, std::uint64_t bytes);
  std::shared_ptr<std::byte> memoryFor(std::size_t bytes) const;
  void runOut(std::uint64_t bytes);
  kj::Maybe<kj::Own<capnp::MessageReader>> nextLarge(capnp::ReaderOptions options);

  FrameLimits limits_;
  std::shared_ptr<detail::ArenaReader> arena_;
  detail::TakeMemory takeMemory_;
  std::optional<ProtocolError> error_;
  bool outOfMemory_ = false;
  bool cutShort_ = false;
  bool bell_ = false;
  std::uint64_t lastBytes_ = 0;

  // Frames are whole words, so each frame in the buffer is word-aligned, as the buffer is.
  Memory buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;

  LargeFrame large_;  // the buffer is empty while it arrives

  // The message that is being copied out of the arena; the buffer holds what comes after it.
  std::optional<detail::ArenaReference> reference_;
  std::shared_ptr<std::byte> fetched_;
  // Used only by fetch(), which may run on another thread.
  std::size_t fetchedBytes_ = 0;
  bool fetchFailed_ = false;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
