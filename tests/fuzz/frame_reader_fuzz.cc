// Feeds arbitrary bytes in arbitrary pieces to FrameReader and walks what it takes for messages as
// a schema::Value. Nothing may crash, and memory may not run ahead of the input. The stream may
// refer to an arena, which holds the input too.
#include <capnp/message.h>
#include <kj/exception.h>
#include <phial/protocol/frame_reader.h>
#include <phial/schema/value.capnp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace {

using phial::schema::Value;

std::size_t touched = 0;

template <typename Bytes>
void touch(const Bytes& bytes) {
  for (auto byte : bytes) touched += static_cast<unsigned char>(byte);
}

void walk(Value::Reader value) {
  switch (value.which()) {
    case Value::TEXT:
      return touch(value.getText());
    case Value::DATA:
      for (auto chunk : value.getData()) touch(chunk);
      return;
    case Value::LIST:
      for (auto element : value.getList()) walk(element);
      return;
    case Value::MAP:
      for (auto entry : value.getMap()) {
        walk(entry.getKey());
        walk(entry.getValue());
      }
      return;
    case Value::PACKED:
      for (auto chunk : value.getPacked().getChunks()) touch(chunk);
      return;
    case Value::MESSAGE:
      touched += value.getMessage().getContent().targetSize().wordCount;
      return;
    default:
      touched += value.isInt();
  }
}

constexpr std::size_t kArenaBytes = 64 << 10;

// The master's end, so that what is referred to is copied.
phial::detail::NewArenas& arenas() {
  static phial::detail::NewArenas made = phial::detail::makeArenas(kArenaBytes);
  return made;
}

void fillArena(const std::uint8_t* data, std::size_t size) {
  static std::array<std::uint8_t, kArenaBytes> memory;
  memory.fill(0);
  // Behind the first page, so that a reference to 4096 finds a frame.
  std::memcpy(memory.data() + 4096, data, std::min(size, kArenaBytes - 4096));
  if (pwrite(arenas().replies, memory.data(), memory.size(), 0) < 0) std::abort();
}

void takeAll(phial::FrameReader& reader) {
  const capnp::ReaderOptions options{.traversalLimitInWords = 1 << 16, .nestingLimit = 32};
  for (;;) {
    const bool ready = reader.ready();
    auto next = reader.next(options);
    if (reader.fetching()) {
      if (!ready) std::abort();
      while (!reader.fetch(1000)) {
      }
      continue;
    }
    if (ready != (next != nullptr || reader.error().has_value())) std::abort();
    KJ_IF_MAYBE (message, next) {
      // A malformed message inside a good frame is Cap'n Proto's to report, as an exception.
      static_cast<void>(kj::runCatchingExceptions([&] { walk((*message)->getRoot<Value>()); }));
    } else {
      return;
    }
  }
}

}  // namespace

// The first byte chooses the size of the pieces, the rest is the stream.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = data[0] + std::size_t{1};
  const auto* at = data + 1;
  const auto* end = data + size;
  fillArena(at, size - 1);
  phial::FrameReader reader({}, arenas().arenas.in);
  while (at != end && !reader.error()) {
    auto space = reader.space();
    const std::size_t n = std::min({space.size(), step, static_cast<std::size_t>(end - at)});
    std::memcpy(space.begin(), at, n);
    reader.received(n);
    at += n;
    takeAll(reader);
    if (reader.capacity() > 3 * phial::FrameReader::kBufferBytes + 2 * size) std::abort();
  }
  reader.ended();
  takeAll(reader);
  return 0;
}
