// Cap'n Proto's stream framing, from bytes to messages, without any descriptor.
//
// A frame is a table (number of segments less one, then each segment's size in words, 32 bits each,
// little-endian, padded to a whole word) and the segments behind it; the format is the one of
// capnp/serialize.h. The peer may be broken or hostile: what a frame claims is checked before it is
// believed, and memory follows what has arrived, never what was claimed.
//
// With an arena, a reference may stand in place of a frame. A message that has to be copied out of
// the arena is copied by fetch(), in steps as large as the caller likes. Its table is read before
// memory is taken for it, and its file must hold as many bytes as it claims: that costs two system
// calls a message, beside the copy of 256 KiB at least.
//
// A bell may stand in place of a frame too: eight bytes that carry nothing (progress_board.h).
//
// Use: fill some of space(), say how much with received(), take messages with next() until it
// returns null, again; while fetching() after that, fetch() until it is over and then next(). After
// an error the reader stays in error.
// Thread rule: one thread at a time, but for fetch(), which may run on another while nothing but
// const members is called here. Messages handed out are independent of the reader.
#pragma once

#include <capnp/message.h>
#include <kj/array.h>
#include <kj/memory.h>
#include <phial/protocol/arena.h>
#include <phial/protocol/error.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace phial {

/// What one frame may ask for, either way.
struct FrameLimits {
  /// The most bytes in one frame, its table included.
  std::uint64_t maxMessageBytes = std::uint64_t{4} << 30;

  /// The most segments in one frame, at most FrameReader::kMostSegments. Cap'n Proto's own stream
  /// readers allow 512.
  std::uint32_t maxSegments = 512;
};

class FrameReader {
 public:
  /// Frames up to this size share one buffer and are copied out of it; larger ones are received
  /// into memory of their own.
  static constexpr std::size_t kBufferBytes = 128 << 10;

  /// The highest useful FrameLimits::maxSegments: a table must fit the buffer.
  static constexpr std::uint32_t kMostSegments = 8192;

  /// A bell: this number, which no frame can begin with, and four bytes of zero.
  static constexpr std::uint32_t kBell = 0xa12e7b00;
  static constexpr std::size_t kBellBytes = 8;

  /// Throws std::invalid_argument when `limits.maxSegments` is above kMostSegments. Messages are
  /// copied out of `arena` into memory that `takeMemory` gives, when there is such a function.
  explicit FrameReader(FrameLimits limits = {},
                       std::shared_ptr<detail::ArenaReader> arena = nullptr,
                       detail::TakeMemory takeMemory = nullptr);

  /// Where the next bytes go; valid until the next call of anything here. Empty only after an
  /// error, which running out of memory for a large frame is too.
  /// REQUIRES: next() has returned null since the last received(), and not fetching().
  kj::ArrayPtr<kj::byte> space();

  /// The first `bytes` bytes of space() have been filled.
  void received(std::size_t bytes);

  /// No byte will follow. An error unless the stream stands between two frames.
  void ended();

  /// The next complete message, word-aligned and owning its memory, or null when none has arrived
  /// in full or there is an error. `options` are Cap'n Proto's limits for reading the message; its
  /// traversal limit is lowered to some times the message's own size.
  kj::Maybe<kj::Own<capnp::MessageReader>> next(capnp::ReaderOptions options = {});

  /// How many bytes the message that next() returned last has, its table included.
  std::uint64_t lastBytes() const { return lastBytes_; }

  /// Whether bells have arrived since this was asked last, as far as next() has looked.
  bool takeBell() { return std::exchange(bell_, false); }

  /// From here on no frame may have more bytes. REQUIRES: between two calls of next().
  void limitTo(std::uint64_t maxMessageBytes) { limits_.maxMessageBytes = maxMessageBytes; }

  /// Puts the reader in error for what is wrong with the message that was handed out last.
  void refuse(std::string what) {
    if (!error_) error_.emplace(std::move(what));
  }

  /// True while the next message is being copied out of the arena.
  bool fetching() const { return reference_.has_value(); }
  /// How many bytes it has. REQUIRES: fetching().
  std::size_t fetchBytes() const { return reference_->bytes; }
  /// Copies up to `most` bytes more of it. True when there is no more. REQUIRES: fetching().
  bool fetch(std::size_t most);

  /// True when next() would return a message or find an error, at once or after some fetch().
  bool ready() const;

  /// What the peer did wrong. Messages complete before the fault are still returned first.
  const std::optional<ProtocolError>& error() const { return error_; }
  /// Whether error() is that the stream ended inside a frame which had begun well: a peer that died
  /// while it wrote leaves no more.
  bool cutShort() const { return cutShort_; }

  /// Whether error() is not the peer's fault: there was no memory for what it sent.
  bool outOfMemory() const { return outOfMemory_; }

  /// How many bytes of memory the reader holds now, for messages not yet handed out.
  std::size_t capacity() const;

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  using Memory = std::unique_ptr<kj::byte[], Free>;
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
  void startLarge(std::uint64_t bytes);
  bool growLarge(std::size_t capacity);

  FrameLimits limits_;
  std::shared_ptr<detail::ArenaReader> arena_;
  detail::TakeMemory takeMemory_;
  std::optional<ProtocolError> error_;
  bool outOfMemory_ = false;
  bool cutShort_ = false;
  bool bell_ = false;
  std::uint64_t lastBytes_ = 0;

  // Frames are whole words, so each frame in the buffer starts word-aligned as the buffer does.
  Memory buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;

  // The one large frame that is arriving, when largeBytes_ is not 0; the buffer is empty then.
  Memory large_;
  std::size_t largeBytes_ = 0;
  std::size_t largeFilled_ = 0;
  std::size_t largeCapacity_ = 0;

  // The message that is being copied out of the arena; the buffer holds what comes after it.
  std::optional<detail::ArenaReference> reference_;
  std::shared_ptr<std::byte> fetched_;
  // Of fetch() alone, while it may run on another thread.
  std::size_t fetchedBytes_ = 0;
  bool fetchFailed_ = false;
};

}  // namespace phial
