#include "worker/job_items.h"

#include <capnp/message.h>
#include <phial/protocol/error.h>
#include <phial/protocol/thresholds.h>
#include <phial/protocol/value_capnp.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "worker/own_process.h"

namespace phial::inline v1::detail {
namespace {

// Beside the item's value: the pointer at the root. An item of no size has room for its Value too.
constexpr std::uint64_t kItemWords = 8;
// A larger scratch is given back after its item.
constexpr std::size_t kKeptWords = kCopiedMessageBytes / sizeof(capnp::word);

std::span<const std::uint64_t> wordsOf(kj::ArrayPtr<const capnp::word> segment) {
  return {reinterpret_cast<const std::uint64_t*>(segment.begin()), segment.size()};
}

}  // namespace

void JobItems::put(std::uint64_t words, const void* item, Write write) {
  requireOpen();
  if (road_->cancelled()) throw CancelledError("the job was cancelled, so its item is not sent");
  const std::uint64_t bytes = words * sizeof(capnp::word);
  if (bytes + kEnvelopeBytes > road_->maxMessageBytes) {
    throw EncodingError("the item needs about " + std::to_string(bytes) +
                        " bytes; the pool's limit for a message is " +
                        std::to_string(road_->maxMessageBytes));
  }
  encode(words, item, write);
}

void JobItems::requireOpen() const {
  if (std::this_thread::get_id() != thread_) {
    throw std::logic_error("emit() was called from another thread than the one that runs the job");
  }
  if (inForkedChild()) throw std::logic_error("emit() was called in a child that the job forked");
  if (!road_) throw std::logic_error("emit() was called after the job had ended");
}

// The builder writes zeros again over what it has used of the scratch, also when the codec throws.
void JobItems::encode(std::uint64_t words, const void* item, Write write) {
  const auto room = static_cast<std::size_t>(words + kItemWords);
  if (scratch_.size() < room) scratch_ = std::vector<std::uint64_t>(room);
  {
    capnp::MallocMessageBuilder message(
        kj::arrayPtr(reinterpret_cast<capnp::word*>(scratch_.data()), scratch_.size()));
    write(item, writerOf(message.initRoot<schema::Value>()));
    const auto segments = message.getSegmentsForOutput();
    if (segments.size() == 1) {
      send(wordsOf(segments[0]));
    } else {  // its codec had counted too few words
      const auto value = message.getRoot<schema::Value>().asReader();
      capnp::MallocMessageBuilder whole(
          static_cast<capnp::uint>(value.totalSize().wordCount + kItemWords));
      whole.setRoot(value);
      send(wordsOf(whole.getSegmentsForOutput()[0]));
    }
  }
  if (scratch_.size() > kKeptWords) scratch_ = {};
}

// An item that fits is shown to the master whole, so that it gets no piece of one.
void JobItems::send(std::span<const std::uint64_t> words) {
  const std::uint64_t header = words.size();
  const bool inPieces = words.size() + 1 > kItemRingQuarter;
  waitFor(inPieces ? 1 : words.size() + 1);
  road_->ring.append({&header, 1});
  while (!words.empty()) {
    if (inPieces) waitFor(std::min(words.size(), kItemRingQuarter));
    const auto piece = words.first(std::min(words.size(), road_->ring.space()));
    road_->ring.append(piece);
    words = words.subspan(piece.size());
    if (inPieces) publish();
  }
  if (!inPieces) publish();
}

void JobItems::publish() {
  if (road_->ring.publish()) road_->ringMaster();
}

// After waiting there is a quarter of the ring: a writer that went on with less would be woken for
// each item.
void JobItems::waitFor(std::size_t words) {
  if (road_->ring.space() >= words) return;
  bool connected = true;
  while (connected && !road_->cancelled()) {
    road_->ring.beginWait();
    if (road_->ring.space() >= kItemRingQuarter) break;
    if (!road_->cancelled()) connected = road_->wait();
  }
  road_->ring.endWait();
  if (!connected) throw CancelledError("the master is gone");
  if (road_->ring.space() < words) {
    throw CancelledError("the job was cancelled while it waited for the consumer of its items");
  }
}

}  // namespace phial::inline v1::detail
