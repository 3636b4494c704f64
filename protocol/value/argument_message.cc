#include "phial/protocol/argument_message.h"

#include <capnp/orphan.h>
#include <phial/protocol/message_pipe.h>
#include <phial/schema/value.capnp.h>

#include <algorithm>
#include <cstdint>

namespace phial::inline v1::detail {
namespace {

constexpr std::size_t kMostBytes = schema::MAX_CHUNK_BYTES;

std::size_t pieces(kj::ArrayPtr<const capnp::word> segment) {
  return (segment.asBytes().size() + kMostBytes - 1) / kMostBytes;
}

// As for a message that comes by the pipe: see FrameReader.
capnp::ReaderOptions optionsFor(const std::vector<kj::ArrayPtr<const capnp::word>>& segments) {
  auto options = rpcReaderOptions();
  options.traversalLimitInWords = 8192;
  for (const auto& segment : segments) options.traversalLimitInWords += segment.size() * 8;
  return options;
}

}  // namespace

void encloseMessage(capnp::MessageBuilder& message, schema::Job::Builder job) {
  const auto segments = message.getSegmentsForOutput();
  std::size_t count = 0;
  for (const auto& segment : segments) count += pieces(segment);
  auto list = job.initEncoded(static_cast<capnp::uint>(count));
  const auto orphanage = capnp::Orphanage::getForMessageContaining(list);
  capnp::uint next = 0;
  for (const auto& segment : segments) {
    for (auto rest = segment.asBytes(); rest.size() > 0;) {
      const auto bytes = std::min(rest.size(), kMostBytes);
      list.adopt(next++, orphanage.referenceExternalData(rest.slice(0, bytes)));
      rest = rest.slice(bytes, rest.size());
    }
  }
}

// The pieces of a segment lie behind each other, since each is a segment of the request.
ArgumentsOfJob::ArgumentsOfJob(schema::Job::Reader job) {
  if (!job.hasEncoded()) {
    list_ = job.getArguments();
    return;
  }
  bool goesOn = false;
  for (const auto piece : job.getEncoded()) {
    const auto* begin = reinterpret_cast<const capnp::word*>(piece.begin());
    const std::size_t words = piece.size() / sizeof(capnp::word);
    if (!goesOn) {
      segments_.emplace_back(begin, words);
    } else {
      auto& segment = segments_.back();
      KJ_REQUIRE(segment.end() == begin, "a segment of the arguments does not lie in one piece");
      segment = kj::arrayPtr(segment.begin(), segment.size() + words);
    }
    goesOn = piece.size() == kMostBytes;
  }
  auto& message =
      message_.emplace(kj::arrayPtr(segments_.data(), segments_.size()), optionsFor(segments_));
  list_ = message.getRoot<capnp::AnyPointer>().getAs<capnp::List<schema::Value>>();
}

}  // namespace phial::inline v1::detail
