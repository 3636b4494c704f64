#include "phial/protocol/frame_reader.h"

#include <phial/protocol/large_memory.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "protocol/wire/frame_message.h"

namespace phial::inline v1 {

namespace {

using capnp::word;
using detail::boundedBy;
using detail::claims;
using detail::littleEndian;
using detail::tableBytes;

// Cap'n Proto counts the words of a segment in 29 bits.
constexpr std::uint32_t kMostSegmentWords = (std::uint32_t{1} << 29) - 1;

}  // namespace

// Object and frame in one allocation.
class FrameReader::SmallMessage final : public detail::FrameMessage {
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

class FrameReader::LargeMessage final : public detail::FrameMessage {
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
  if (large_.arriving()) {
    const auto space = large_.space();
    if (space.size() == 0) runOut(large_.bytes());
    return space;
  }
  if (begin_ != 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return {buffer_.get() + end_, buffer_.get() + kBufferBytes};
}

void FrameReader::received(std::size_t bytes) {
  if (large_.arriving()) return large_.received(bytes);
  end_ += bytes;
}

void FrameReader::ended() {
  if (error_) return;
  std::string atLeast;
  std::uint64_t have = large_.filled();
  std::uint64_t of = large_.bytes();
  if (!large_.arriving()) {
    if (begin_ == end_) return;
    Table table = readTable(begin_);
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

kj::Maybe<kj::Own<capnp::MessageReader>> FrameReader::next(capnp::ReaderOptions options) {
  if (error_) return nullptr;
  if (reference_) return nextFetched(options);
  if (large_.arriving()) return nextLarge(boundedBy(large_.bytes(), options));
  if (const auto at = behindBells(); at != begin_) {
    begin_ = at;
    bell_ = true;
  }
  Table table = readTable(begin_);
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
    if (!large_.begin(table.bytes, {buffer_.get() + begin_, buffer_.get() + end_})) {
      runOut(table.bytes);
    }
    begin_ = end_ = 0;
    return nullptr;
  }
  if (table.bytes > end_ - begin_) return nullptr;
  auto message =
      SmallMessage::make(buffer_.get() + begin_, table.bytes, boundedBy(table.bytes, options));
  begin_ += table.bytes;
  lastBytes_ = table.bytes;
  return message;
}

bool FrameReader::ready() const {
  if (error_ || reference_) return true;
  if (large_.arriving()) return large_.complete();
  const std::size_t at = behindBells();
  Table table = readTable(at);
  return table.state == Table::State::wrong || table.state == Table::State::reference ||
         (table.state == Table::State::complete && table.bytes <= end_ - at);
}

std::size_t FrameReader::capacity() const {
  return kBufferBytes + large_.capacity() + (fetched_ ? reference_->bytes : 0);
}

// Where the first frame begins, or may.
std::size_t FrameReader::behindBells() const {
  std::size_t at = begin_;
  while (end_ - at >= kBellBytes && littleEndian(buffer_.get() + at) == kBell &&
         littleEndian(buffer_.get() + at + 4) == 0) {
    at += kBellBytes;
  }
  return at;
}

FrameReader::Table FrameReader::readTable(std::size_t at) const {
  using State = Table::State;
  using detail::ArenaReference;
  const kj::byte* frame = buffer_.get() + at;
  const std::size_t have = end_ - at;
  if (have >= 4 && have < kBellBytes && littleEndian(frame) == kBell) {
    return {State::incomplete, kBellBytes};
  }
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
  if (!large_.complete()) return nullptr;
  lastBytes_ = large_.bytes();
  return kj::Own<capnp::MessageReader>(kj::heap<LargeMessage>(large_.take(), lastBytes_, options));
}

bool FrameReader::LargeFrame::begin(std::size_t bytes, kj::ArrayPtr<const kj::byte> have) {
  bytes_ = bytes;
  if (!grow(2 * kBufferBytes)) return false;
  std::memcpy(memory_.get(), have.begin(), have.size());
  filled_ = have.size();
  return true;
}

kj::ArrayPtr<kj::byte> FrameReader::LargeFrame::space() {
  if (filled_ == capacity_ && !grow(capacity_ * 2)) return nullptr;
  return {memory_.get() + filled_, memory_.get() + capacity_};
}

FrameReader::Memory FrameReader::LargeFrame::take() {
  bytes_ = filled_ = capacity_ = 0;
  return std::move(memory_);
}

// realloc moves the pages of a block this large instead of copying them.
bool FrameReader::LargeFrame::grow(std::size_t capacity) {
  capacity = std::min(capacity, bytes_);
  void* grown = std::realloc(memory_.get(), capacity);
  if (grown == nullptr) return false;
  static_cast<void>(memory_.release());  // realloc has freed or kept it
  memory_.reset(static_cast<kj::byte*>(grown));
  capacity_ = capacity;
  return true;
}

void FrameReader::runOut(std::uint64_t bytes) {
  outOfMemory_ = true;
  error_.emplace("no memory for a frame of " + std::to_string(bytes) + " bytes");
}

}  // namespace phial::inline v1
