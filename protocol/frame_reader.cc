#include "phial/protocol/frame_reader.h"

#include <phial/protocol/large_memory.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace phial {

namespace {

using capnp::word;

// Cap'n Proto counts the words of a segment in 29 bits.
constexpr std::uint32_t kMostSegmentWords = (std::uint32_t{1} << 29) - 1;

std::uint32_t littleEndian(const kj::byte* at) {
  return at[0] | at[1] << 8 | at[2] << 16 | static_cast<std::uint32_t>(at[3]) << 24;
}

std::size_t tableBytes(std::uint64_t segments) { return (segments / 2 + 1) * sizeof(word); }

std::string claims(std::uint64_t what, const char* unit, std::uint64_t limit) {
  return "a frame claims " + std::to_string(what) + unit + "; the limit is " +
         std::to_string(limit);
}

// A message whose frame, already checked, lies at `frame`.
class FrameMessage : public capnp::MessageReader {
 public:
  FrameMessage(const kj::byte* frame, capnp::ReaderOptions readerOptions)
      : MessageReader(readerOptions), frame_(frame) {}

  kj::ArrayPtr<const word> getSegment(uint id) override {
    const std::uint64_t segments = std::uint64_t{littleEndian(frame_)} + 1;
    if (id >= segments) return nullptr;
    auto* at = reinterpret_cast<const word*>(frame_ + tableBytes(segments));
    for (uint i = 0; i < id; ++i) at += words(i);
    return {at, words(id)};
  }

 private:
  std::size_t words(uint id) const { return littleEndian(frame_ + 4 + 4 * std::size_t{id}); }

  const kj::byte* frame_;
};

}  // namespace

// Object and frame in one allocation.
class FrameReader::SmallMessage final : public FrameMessage {
 public:
  static kj::Own<capnp::MessageReader> make(const kj::byte* frame, std::size_t bytes,
                                            capnp::ReaderOptions readerOptions) {
    static_assert(sizeof(SmallMessage) % sizeof(word) == 0);
    static const Disposer disposer;
    void* block = ::operator new(sizeof(SmallMessage) + bytes);
    auto* copy = static_cast<kj::byte*>(block) + sizeof(SmallMessage);
    std::memcpy(copy, frame, bytes);
    return kj::Own<SmallMessage>(new (block) SmallMessage(copy, readerOptions), disposer);
  }

 private:
  using FrameMessage::FrameMessage;

  class Disposer final : public kj::Disposer {
    void disposeImpl(void* message) const override {
      static_cast<SmallMessage*>(message)->~SmallMessage();
      ::operator delete(message);
    }
  };
};

class FrameReader::LargeMessage final : public FrameMessage {
 public:
  LargeMessage(Memory frame, std::size_t bytes, capnp::ReaderOptions readerOptions)
      : FrameMessage(frame.get(), readerOptions), memory_(std::move(frame)), bytes_(bytes) {}
  ~LargeMessage() noexcept override {
    detail::releaseAside(bytes_, [memory = memory_.release()] { std::free(memory); });
  }

 private:
  Memory memory_;
  const std::size_t bytes_;
};

class FrameReader::SharedMessage final : public FrameMessage {
 public:
  SharedMessage(std::shared_ptr<const std::byte> frame, capnp::ReaderOptions readerOptions)
      : FrameMessage(reinterpret_cast<const kj::byte*>(frame.get()), readerOptions),
        memory_(std::move(frame)) {}

 private:
  std::shared_ptr<const std::byte> memory_;
};

// What is known of a frame.
struct FrameReader::Table {
  enum class State { incomplete, complete, reference, wrong } state;
  std::uint64_t bytes = 0;  // of the whole frame; while incomplete: at least so many
  std::string fault = {};
};

FrameReader::FrameReader(FrameLimits limits, std::shared_ptr<detail::ArenaReader> arena,
                         detail::TakeMemory takeMemory)
    : limits_(limits),
      arena_(std::move(arena)),
      takeMemory_(std::move(takeMemory)),
      buffer_(static_cast<kj::byte*>(std::malloc(kBufferBytes))) {
  static_assert((kMostSegments / 2 + 1) * sizeof(word) < kBufferBytes);
  if (limits.maxSegments > kMostSegments) {
    throw std::invalid_argument("maxSegments is above " + std::to_string(kMostSegments));
  }
  if (!buffer_) throw std::bad_alloc();
}

kj::ArrayPtr<kj::byte> FrameReader::space() {
  if (error_) return nullptr;
  if (largeBytes_ != 0) {
    // Doubling: with what has arrived, the claimed size being only the upper bound.
    if (largeFilled_ == largeCapacity_ && !growLarge(largeCapacity_ * 2)) return nullptr;
    return {large_.get() + largeFilled_, large_.get() + largeCapacity_};
  }
  if (begin_ != 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return {buffer_.get() + end_, buffer_.get() + kBufferBytes};
}

void FrameReader::received(std::size_t bytes) { (largeBytes_ != 0 ? largeFilled_ : end_) += bytes; }

void FrameReader::ended() {
  if (error_) return;
  std::string atLeast;
  std::uint64_t have = largeFilled_;
  std::uint64_t of = largeBytes_;
  if (largeBytes_ == 0) {
    if (begin_ == end_) return;
    Table table = readTable();
    if (table.state == Table::State::wrong) {
      error_.emplace(table.fault);
      return;
    }
    if (table.state == Table::State::incomplete) atLeast = "at least ";
    have = end_ - begin_;
    of = table.bytes;
  }
  cutShort_ = true;
  error_.emplace("the stream ended in the middle of a frame, " + std::to_string(have) + " of " +
                 atLeast + std::to_string(of) + " bytes");
}

// Reading a message some times over is honest work; a small one whose pointers all lead to the same
// bytes could otherwise make its reader copy them without end.
static capnp::ReaderOptions boundedBy(std::uint64_t bytes, capnp::ReaderOptions options) {
  constexpr std::uint64_t kTimesOver = 8;
  constexpr std::uint64_t kSlackWords = 8192;
  options.traversalLimitInWords = std::min<std::uint64_t>(
      options.traversalLimitInWords, bytes / sizeof(capnp::word) * kTimesOver + kSlackWords);
  return options;
}

kj::Maybe<kj::Own<capnp::MessageReader>> FrameReader::next(capnp::ReaderOptions options) {
  if (error_) return nullptr;
  if (reference_) return nextFetched(options);
  if (largeBytes_ != 0) return nextLarge(boundedBy(largeBytes_, options));
  Table table = readTable();
  switch (table.state) {
    case Table::State::incomplete:
      return nullptr;
    case Table::State::wrong:
      error_.emplace(table.fault);
      return nullptr;
    case Table::State::reference:
      return startFetching(options);
    case Table::State::complete:
      break;
  }
  if (table.bytes > kBufferBytes) {
    startLarge(table.bytes);
    return nullptr;
  }
  if (table.bytes > end_ - begin_) return nullptr;
  auto message =
      SmallMessage::make(buffer_.get() + begin_, table.bytes, boundedBy(table.bytes, options));
  begin_ += table.bytes;
  return message;
}

bool FrameReader::ready() const {
  if (error_ || reference_) return true;
  if (largeBytes_ != 0) return largeFilled_ == largeBytes_;
  Table table = readTable();
  return table.state == Table::State::wrong || table.state == Table::State::reference ||
         (table.state == Table::State::complete && table.bytes <= end_ - begin_);
}

std::size_t FrameReader::capacity() const {
  return kBufferBytes + largeCapacity_ + (fetched_ ? reference_->bytes : 0);
}

FrameReader::Table FrameReader::readTable() const {
  using State = Table::State;
  using detail::ArenaReference;
  const kj::byte* frame = buffer_.get() + begin_;
  const std::size_t have = end_ - begin_;
  if (arena_ && have >= 4 && littleEndian(frame) == ArenaReference::kMarker) {
    return {have < sizeof(ArenaReference) ? State::incomplete : State::reference,
            sizeof(ArenaReference)};
  }
  return tableOf(frame, have, limits_);
}

FrameReader::Table FrameReader::tableOf(const kj::byte* frame, std::size_t have,
                                        const FrameLimits& limits) {
  using State = Table::State;
  if (have < 4) return {State::incomplete, sizeof(word)};
  const std::uint64_t segments = std::uint64_t{littleEndian(frame)} + 1;
  if (segments > limits.maxSegments) {
    return {State::wrong, 0, claims(segments, " segments", limits.maxSegments)};
  }
  std::uint64_t bytes = tableBytes(segments);
  if (have < bytes) return {State::incomplete, bytes};
  for (std::size_t i = 0; i < segments; ++i) {
    const std::uint32_t words = littleEndian(frame + 4 + 4 * i);
    if (words > kMostSegmentWords) {
      return {State::wrong, 0, claims(words, " words in a segment", kMostSegmentWords)};
    }
    bytes += std::uint64_t{words} * sizeof(word);
  }
  if (bytes > limits.maxMessageBytes) {
    return {State::wrong, 0, claims(bytes, " bytes", limits.maxMessageBytes)};
  }
  return {State::complete, bytes};
}

kj::Maybe<kj::Own<capnp::MessageReader>> FrameReader::nextLarge(capnp::ReaderOptions options) {
  if (largeFilled_ < largeBytes_) return nullptr;
  auto message = kj::heap<LargeMessage>(std::move(large_), largeBytes_, options);
  largeBytes_ = largeFilled_ = largeCapacity_ = 0;
  return kj::Own<capnp::MessageReader>(kj::mv(message));
}

void FrameReader::startLarge(std::uint64_t bytes) {
  largeBytes_ = bytes;
  if (!growLarge(2 * kBufferBytes)) return;
  largeFilled_ = end_ - begin_;
  std::memcpy(large_.get(), buffer_.get() + begin_, largeFilled_);
  begin_ = end_ = 0;
}

// realloc moves the pages of a block this large instead of copying them.
bool FrameReader::growLarge(std::size_t capacity) {
  capacity = std::min(capacity, largeBytes_);
  void* grown = std::realloc(large_.get(), capacity);
  if (grown == nullptr) {
    runOut(largeBytes_);
    return false;
  }
  static_cast<void>(large_.release());  // realloc has freed or kept it
  large_.reset(static_cast<kj::byte*>(grown));
  largeCapacity_ = capacity;
  return true;
}

void FrameReader::runOut(std::uint64_t bytes) {
  outOfMemory_ = true;
  error_.emplace("no memory for a frame of " + std::to_string(bytes) + " bytes");
}

kj::Maybe<kj::Own<capnp::MessageReader>> FrameReader::startFetching(capnp::ReaderOptions options) {
  detail::ArenaReference reference;
  std::memcpy(&reference, buffer_.get() + begin_, sizeof reference);
  begin_ += sizeof reference;
  if (const auto objection = arena_->objectionTo(reference); !objection.empty()) {
    error_.emplace("a reference into the arena names " + objection);
    return nullptr;
  }
  if (reference.bytes > limits_.maxMessageBytes) {
    error_.emplace(claims(reference.bytes, " bytes", limits_.maxMessageBytes));
    return nullptr;
  }
  if (arena_->manner() == detail::ArenaReader::Manner::inPlace) {
    auto memory = arena_->lend(reference);
    if (!memory) {
      runOut(reference.bytes);
      return nullptr;
    }
    const auto* frame = reinterpret_cast<const kj::byte*>(memory.get());
    if (!requireWhole(frame, reference.bytes)) return nullptr;
    return kj::Own<capnp::MessageReader>(
        kj::heap<SharedMessage>(std::move(memory), boundedBy(reference.bytes, options)));
  }
  try {
    fetched_ = memoryFor(reference.bytes);
  } catch (const std::bad_alloc&) {
    runOut(reference.bytes);
    return nullptr;
  }
  reference_ = reference;
  fetchedBytes_ = 0;
  fetchFailed_ = false;
  return nullptr;
}

bool FrameReader::fetch(std::size_t most) {
  const std::size_t bytes = std::min<std::size_t>(most, reference_->bytes - fetchedBytes_);
  fetchFailed_ = !arena_->copy(*reference_, fetchedBytes_, bytes, fetched_.get() + fetchedBytes_);
  fetchedBytes_ += bytes;
  return fetchFailed_ || fetchedBytes_ == reference_->bytes;
}

kj::Maybe<kj::Own<capnp::MessageReader>> FrameReader::nextFetched(capnp::ReaderOptions options) {
  if (fetchFailed_) {
    error_.emplace("a message in the arena cannot be read");
    return nullptr;
  }
  if (fetchedBytes_ < reference_->bytes) return nullptr;
  const auto reference = *std::exchange(reference_, std::nullopt);
  // From here on the peer may do with the original what it likes.
  arena_->done(reference);
  auto frame = std::move(fetched_);
  if (!requireWhole(reinterpret_cast<const kj::byte*>(frame.get()), reference.bytes)) {
    return nullptr;
  }
  return kj::Own<capnp::MessageReader>(
      kj::heap<SharedMessage>(std::move(frame), boundedBy(reference.bytes, options)));
}

std::shared_ptr<std::byte> FrameReader::memoryFor(std::size_t bytes) const {
  if (takeMemory_) return takeMemory_(bytes);
  auto* memory = static_cast<std::byte*>(std::malloc(bytes));
  if (memory == nullptr) throw std::bad_alloc();
  return {memory, [](std::byte* own) { std::free(own); }};
}

// A message in the arena says its size twice.
bool FrameReader::requireWhole(const kj::byte* frame, std::uint64_t bytes) {
  const Table table = tableOf(frame, bytes, limits_);
  if (table.state == Table::State::complete && table.bytes == bytes) return true;
  error_.emplace(table.state == Table::State::wrong
                     ? table.fault
                     : "a message in the arena has another size than its reference");
  return false;
}

}  // namespace phial
