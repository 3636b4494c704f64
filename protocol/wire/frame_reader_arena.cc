// Messages that lie in shared memory, of which the stream only holds a reference.
#include <phial/protocol/frame_reader.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "protocol/wire/frame_message.h"

namespace phial::inline v1 {

using detail::boundedBy;
using detail::claims;
using detail::kMostTableBytes;
using detail::tableBytes;

kj::Maybe<kj::Own<capnp::MessageReader>> FrameReader::startFetching(capnp::ReaderOptions options) {
  detail::ArenaReference reference;
  std::memcpy(&reference, buffer_.get() + begin_, sizeof reference);
  begin_ += sizeof reference;
  if (auto objection = objectionTo(reference); !objection.empty()) {
    error_.emplace(std::move(objection));
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
    lastBytes_ = reference.bytes;
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

// What is wrong with a reference, or nothing. A message that would be copied must have arrived: its
// table has to be true, and its bytes have to exist. They are looked at again when they are copied,
// since the peer can change both meanwhile; what counts here is how much memory it can make us
// take.
std::string FrameReader::objectionTo(const detail::ArenaReference& reference) const {
  if (auto objection = arena_->objectionTo(reference); !objection.empty()) {
    return "a reference into the arena names " + objection;
  }
  if (reference.bytes > limits_.maxMessageBytes) {
    return claims(reference.bytes, " bytes", limits_.maxMessageBytes);
  }
  if (arena_->manner() == detail::ArenaReader::Manner::inPlace) return {};
  if (!arena_->holds(reference))
    return "a reference into the arena claims bytes that are not there";
  std::array<kj::byte, kMostTableBytes> table;
  const auto bytes = std::min<std::size_t>(reference.bytes, tableBytes(limits_.maxSegments));
  if (!arena_->copy(reference, 0, bytes, table.data()))
    return "a message in the arena cannot be read";
  return objectionTo(tableOf(table.data(), bytes, limits_), reference.bytes);
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
  lastBytes_ = reference.bytes;
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
  auto objection = objectionTo(tableOf(frame, bytes, limits_), bytes);
  if (objection.empty()) return true;
  error_.emplace(std::move(objection));
  return false;
}

std::string FrameReader::objectionTo(const Table& table, std::uint64_t bytes) {
  if (table.state == Table::State::complete && table.bytes == bytes) return {};
  return table.state == Table::State::wrong
             ? table.fault
             : "a message in the arena has another size than its reference";
}

}  // namespace phial::inline v1
