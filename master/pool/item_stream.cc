#include <capnp/message.h>
#include <phial/master/detail/item_stream.h>
#include <phial/master/detail/runner.h>
#include <phial/master/errors.h>
#include <phial/master/submitter.h>
#include <phial/protocol/message_pipe.h>
#include <phial/protocol/value_capnp.h>
#include <phial/protocol/value_codec.h>

#include <string>
#include <utility>

namespace phial::inline v1::detail {
namespace {

// As for a message that comes by the pipe: see FrameReader.
capnp::ReaderOptions itemOptions(std::size_t words) {
  auto options = rpcReaderOptions();
  options.traversalLimitInWords = words * 8 + 8192;
  return options;
}

}  // namespace

// An item with memory of its own, which stays where it is while the item is read.
struct ItemStream::LargeItem {
  explicit LargeItem(std::vector<std::uint64_t> frame)
      : words(std::move(frame)),
        segment(reinterpret_cast<const capnp::word*>(words.data() + 1), words.size() - 1),
        message(kj::arrayPtr(&segment, 1), itemOptions(segment.size())) {}

  const std::vector<std::uint64_t> words;
  const kj::ArrayPtr<const capnp::word> segment;
  capnp::SegmentArrayMessageReader message;
  enum class Begun { no, yes } begun = Begun::no;
  std::unique_ptr<ResultReading> reading;  // null also when reading it at once is quick enough
};

ItemStream::~ItemStream() = default;

std::shared_ptr<ItemStream> newStream(const PoolLink& link) {
  if (link.runner) return std::make_shared<ItemStream>(StreamPool(link.runner, "stream"));
  auto items = std::make_shared<ItemStream>(std::nullopt);
  items->follow(fail<void>(poolGone()));
  return items;
}

Runner* runnerOf(const PoolLink& link) { return link.runner.get(); }

void ItemStream::follow(Deferred<void> job) {
  job_ = job.handle();
  std::move(job).addBoth([self = shared_from_this()](const Outcome<void>& outcome) {
    self->end(outcome.ok() ? std::nullopt : std::optional(outcome.failure()));
  });
}

// --- The worker ---

void ItemStream::begin(ItemSource& source, const Terms& terms) {
  drop();
  source_ = &source;
  terms_ = terms;
  if (taker_) turnSoon();
}

void ItemStream::arrived() {
  if (taker_) turn();
}

// A part of an item is what a dead worker has left: nobody gets it.
void ItemStream::finished() {
  if (source_ == nullptr) return;
  drain();
  source_ = nullptr;
}

void ItemStream::add(ItemSource& source, const Terms& terms) {
  source_ = &source;
  terms_ = terms;
  finished();
  if (taker_) serve();
}

void ItemStream::drain() {
  for (int i = 0; i < kMostDrains && source_ != nullptr; ++i) {
    const std::size_t before = buffer_.size();
    source_->read(buffer_, kMostRead);
    if (buffer_.size() == before) break;
  }
  static_cast<void>(hasItem());
}

// --- The end ---

void ItemStream::end(std::optional<Failure> failure) {
  if (ended_) return;
  const auto self = shared_from_this();
  if (source_ != nullptr) {
    drain();
    if (source_ != nullptr) std::exchange(source_, nullptr)->leave();
  }
  ended_ = true;
  if (!failure_) failure_ = std::move(failure);
  if (!large_ && !hasItem()) pool_.reset();
  if (taker_) serve();
}

void ItemStream::cancel() {
  const auto self = shared_from_this();
  if (ended_ && !large_ && !hasItem()) return;
  if (source_ != nullptr) std::exchange(source_, nullptr)->leave();
  if (!failure_) failure_ = Failure(CancelledError());
  drop();
  if (!ended_) return job_.cancel();  // calls end()
  pool_.reset();
  if (taker_) serve();
}

void ItemStream::drop() {
  large_.reset();
  buffer_ = {};
  at_ = 0;
}

// --- The consumer ---

ItemStream::Look ItemStream::look() {
  if (taker_) return Look::taken;
  if (large_ || waitsForTurn()) return Look::later;
  const Look found = find();
  return found == Look::item && frontIsLarge() ? Look::later : found;
}

ItemStream::Look ItemStream::find() {
  fill();
  if (hasItem()) return Look::item;
  if (!ended_) return Look::later;
  pool_.reset();
  return failure_ ? Look::failure : Look::end;
}

void ItemStream::wait(std::shared_ptr<ItemTaker> taker) {
  taker_ = std::move(taker);
  if (source_ != nullptr || large_ || hasItem()) turnSoon();
}

// A consumer that takes one item after the other has used up its share of this turn.
bool ItemStream::waitsForTurn() {
  if (terms_.pace == Terms::Pace::test || (source_ == nullptr && !hasItem())) return false;
  return std::chrono::steady_clock::now() - turnBegan_ >= kSlice;
}

void ItemStream::turnSoon() {
  if (std::exchange(turnComes_, true)) return;
  pool_->later().addCallback([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->turn();
  });
}

void ItemStream::turn() {
  turnComes_ = false;
  if (taker_) serve();
}

// If there is only a part of an item, the rest is read in later turns.
void ItemStream::serve() {
  turnBegan_ = std::chrono::steady_clock::now();
  if (large_) return readLarge();
  const std::size_t before = buffer_.size();
  const Look found = find();
  if (found == Look::item && frontIsLarge()) return takeLarge();
  if (found != Look::later) {
    const auto taker = std::exchange(taker_, nullptr);
    return taker->ready(found);
  }
  if (buffer_.size() > before) turnSoon();
}

void ItemStream::fill() {
  if (source_ == nullptr || hasItem()) return;
  if (at_ > 0) buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
  at_ = 0;
  if (buffer_.empty() && buffer_.capacity() > kKeptWords) buffer_ = {};
  reserve();
  source_->read(buffer_, kMostRead);
}

// Of a large item a part has come: room for all of it, once, costs less than growing with it.
void ItemStream::reserve() {
  if (buffer_.size() < kMostRead) return;
  const auto whole = static_cast<std::size_t>(buffer_.front()) + 1;
  buffer_.reserve(whole + kMostRead);
}

bool ItemStream::hasItem() {
  if (at_ >= buffer_.size()) return false;
  const std::uint64_t words = buffer_[at_];
  if (words == 0 || words > terms_.mostWords) {
    refuse(words);
    return false;
  }
  const bool whole = words < buffer_.size() - at_;
  anyArrived_ = anyArrived_ || whole;
  return whole;
}

// Not said by a worker of ours. Its end is the end of the job, and so of this.
void ItemStream::refuse(std::uint64_t words) {
  const std::string what = "it sent an item of " + std::to_string(words) + " words in a stream";
  drop();
  if (source_ != nullptr) return std::exchange(source_, nullptr)->complain(what);
  if (!failure_) failure_ = Failure(ProtocolError("the worker broke the protocol: " + what));
}

bool ItemStream::frontIsLarge() const {
  return terms_.pace == Terms::Pace::loop && buffer_[at_] > kLargeWords;
}

// What has been read behind it is little, and goes back into the buffer.
void ItemStream::takeLarge() {
  const auto begin = buffer_.begin() + static_cast<std::ptrdiff_t>(at_);
  const auto end = begin + static_cast<std::ptrdiff_t>(*begin + 1);
  std::vector<std::uint64_t> rest(end, buffer_.end());
  buffer_.erase(end, buffer_.end());
  buffer_.erase(buffer_.begin(), begin);
  large_ = std::make_shared<LargeItem>(std::move(buffer_));
  buffer_ = std::move(rest);
  at_ = 0;
  readLarge();
}

// A codec of the program's may do anything: end the stream, or give up the next() that waits.
void ItemStream::readLarge() {
  const auto self = shared_from_this();
  const auto item = large_;
  const auto taker = taker_;
  if (item->begun == LargeItem::Begun::no) {
    try {
      item->reading = taker->beginReading(readerOf(item->message.getRoot<schema::Value>()));
      item->begun = LargeItem::Begun::yes;
    } catch (...) {
      if (large_ == item) failReading();
      return;
    }
  }
  const bool done = !item->reading || item->reading->step();
  if (large_ != item || taker_ != taker) return;
  if (!done) return turnSoon();
  taker_ = nullptr;
  if (!item->reading) return taker->ready(Look::item);
  large_ = nullptr;
  taker->readyRead(*item->reading);
}

void ItemStream::take(void* to, void (*read)(void* to, ValueReader item)) {
  const auto large = std::exchange(large_, nullptr);
  const std::uint64_t* const front = large ? large->words.data() : buffer_.data() + at_;
  const auto words = static_cast<std::size_t>(*front);
  if (!large) at_ += words + 1;
  try {
    const kj::ArrayPtr<const capnp::word> segment(reinterpret_cast<const capnp::word*>(front + 1),
                                                  words);
    capnp::SegmentArrayMessageReader message(kj::arrayPtr(&segment, 1), itemOptions(words));
    read(to, readerOf(message.getRoot<schema::Value>()));
  } catch (...) {
    failReading();
    failure_->rethrow();
  }
}

void ItemStream::failReading() {
  const auto self = shared_from_this();
  try {
    throwMalformed();
  } catch (const EncodingError& error) {
    failure_ = Failure(EncodingError(std::string("an item cannot be read: ") + error.what()));
  } catch (...) {
    failure_ = Failure::current();
  }
  drop();
  if (!ended_) return cancel();
  if (taker_) serve();
}

}  // namespace phial::inline v1::detail
