// What the sources of FrameReader share: the layout of a frame, and messages that lie in one.
#pragma once

#include <phial/protocol/frame_reader.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace phial::inline v1 {
namespace detail {

using capnp::word;

inline std::uint32_t littleEndian(const kj::byte* at) {
  return at[0] | at[1] << 8 | at[2] << 16 | static_cast<std::uint32_t>(at[3]) << 24;
}

constexpr std::size_t tableBytes(std::uint64_t segments) {
  return (segments / 2 + 1) * sizeof(word);
}
inline constexpr std::size_t kMostTableBytes = tableBytes(FrameReader::kMostSegments);

inline std::string claims(std::uint64_t what, const char* unit, std::uint64_t limit) {
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

// Reading a message some times over is honest work; a small one whose pointers all lead to the same
// bytes could otherwise make its reader copy them without end.
inline capnp::ReaderOptions boundedBy(std::uint64_t bytes, capnp::ReaderOptions options) {
  constexpr std::uint64_t kTimesOver = 8;
  constexpr std::uint64_t kSlackWords = 8192;
  options.traversalLimitInWords = std::min<std::uint64_t>(
      options.traversalLimitInWords, bytes / sizeof(capnp::word) * kTimesOver + kSlackWords);
  return options;
}

}  // namespace detail

// What is known of a frame.
struct FrameReader::Table {
  enum class State { incomplete, complete, reference, wrong } state;
  std::uint64_t bytes = 0;  // of the whole frame; while incomplete: at least so many
  std::string fault = {};
};

class FrameReader::SharedMessage final : public detail::FrameMessage {
 public:
  SharedMessage(std::shared_ptr<const std::byte> frame, capnp::ReaderOptions readerOptions)
      : FrameMessage(reinterpret_cast<const kj::byte*>(frame.get()), readerOptions),
        memory_(std::move(frame)) {}

 private:
  std::shared_ptr<const std::byte> memory_;
};

}  // namespace phial::inline v1
