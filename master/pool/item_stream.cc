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
  if (!hasItem()) pool_.reset();
  if (taker_) serve();
}

void ItemStream::cancel() {
  const auto self = shared_from_this();
  if (ended_ && !hasItem()) return;
  if (source_ != nullptr) std::exchange(source_, nullptr)->leave();
  if (!failure_) failure_ = Failure(CancelledError());
  drop();
  if (!ended_) return job_.cancel();  // calls end()
  pool_.reset();
  if (taker_) serve();
}

void ItemStream::drop() {
  buffer_ = {};
  at_ = 0;
}

// --- The consumer ---

ItemStream::Look ItemStream::look() {
  if (taker_) return Look::taken;
  return waitsForTurn() ? Look::later : find();
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
  if (source_ != nullptr || hasItem()) turnSoon();
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
  const std::size_t before = buffer_.size();
  const Look found = find();
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

void ItemStream::take(void* to, void (*read)(void* to, ValueReader item)) {
  const auto words = static_cast<std::size_t>(buffer_[at_]);
  const auto* const begin = reinterpret_cast<const capnp::word*>(buffer_.data() + at_ + 1);
  at_ += words + 1;
  std::optional<Failure> unreadable;
  try {
    const kj::ArrayPtr<const capnp::word> segment(begin, words);
    capnp::SegmentArrayMessageReader message(kj::arrayPtr(&segment, 1), itemOptions(words));
    try {
      read(to, readerOf(message.getRoot<schema::Value>()));
    } catch (...) {
      throwMalformed();
    }
    return;
  } catch (const EncodingError& error) {
    unreadable = Failure(EncodingError(std::string("an item cannot be read: ") + error.what()));
  } catch (...) {
    unreadable = Failure::current();
  }
  failure_ = unreadable;
  cancel();
  unreadable->rethrow();
}

}  // namespace phial::inline v1::detail
