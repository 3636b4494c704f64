// A range on its way through a pool: chunks go in as fast as workers take them, and come out in
// order. Part of the templates of map.h; nothing here is for users.
//
//     source ──read──▶ flights (jobs of the pool) ──▶ landed ──next()──▶ map, forEach
//                         ▲                  │
//                         └───── again ◀─────┘  what a dead worker leaves
//
// Invariants
// 1. Each element that was read and not handed out by next() is in exactly one of again_, flights_
//    and landed_, until the stream has failed; then all three are empty.
// 2. At most inFlight() jobs are submitted, and nothing is read while `window` chunks wait for one
//    before them. The piece that all wait for is never held back by the window: it is in again_ or
//    in flight.
// 3. The bookkeeping is done before a waiting next() is fired, which runs user code.
//
// Life: shared by its consumer, a coroutine, and its jobs' callbacks; the pool may go first.
#pragma once

#include <phial/master/chunk_size.h>
#include <phial/master/element_source.h>
#include <phial/master/submit.h>
#include <phial/protocol/chunk.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

namespace phial::detail {

/// The pool of a stream, which may be gone.
class StreamPool {
 public:
  explicit StreamPool(const std::shared_ptr<PoolCore>& core) : core_(core) {}

  std::shared_ptr<PoolCore> core() const { return core_.lock(); }
  /// Whether ProcessPool is destroyed, or is being.
  bool closed() const;
  /// How many workers there may be; at least 1.
  std::size_t workers() const;
  /// Whether a job submitted now does not meet QueueFull.
  bool hasRoom() const;
  /// Fires when that is so. REQUIRES: !hasRoom().
  Deferred<void> whenRoom() const;
  /// Fires when the loop has had its turn; never fails.
  Deferred<void> nextTurn() const;

 private:
  std::weak_ptr<PoolCore> core_;
};

Failure poolGone();
/// Whether a chunk's failure is of its elements, one of which may have caused it, or else of the
/// pool or of all of the map.
bool isOfElements(const Failure& failure);
/// Which element a worker says that it died of.
std::optional<std::uint64_t> deadlyElement(const Failure& failure);

template <auto function>
class ChunkStream : public std::enable_shared_from_this<ChunkStream<function>> {
 public:
  using Types = Mapped<function>;
  using E = typename Types::Element;
  using Result = ChunkResult<typename Types::Result>;

  struct Chunk {
    std::uint64_t first;  // its place in the range
    Result result;
  };
  using Next = std::optional<Chunk>;

  static constexpr std::size_t kNoWindow = std::numeric_limits<std::size_t>::max();

  /// `windows`: how many times the chunks in flight may be landed or in flight.
  ChunkStream(StreamPool pool, MapOptions options, ChunkMode mode, std::size_t windows,
              std::unique_ptr<ElementSource<E>> source)
      : pool_(std::move(pool)),
        options_(std::move(options)),
        mode_(mode),
        windows_(windows),
        source_(std::move(source)),
        size_(options_.chunk, kChunkBytes<typename Result::Value>) {}

  /// The next chunk in order, none at the end; fails as the map does. Cancelling gives up.
  /// REQUIRES: the last one has fired.
  Deferred<Next> next() {
    auto chunk = takeFront();
    submitMore();
    if (failure_) return fail<Next>(*failure_);
    if (chunk || ended()) return succeed(std::move(chunk));
    auto made = newDeferred<Next>([weak = this->weak_from_this()] {
      if (const auto self = weak.lock()) self->stop(Failure(CancelledError()));
    });
    waiting_.emplace(std::move(made.resolver));
    return std::move(made.deferred);
  }

  /// Fails with `failure` unless it has failed: cancels what is in flight and reads no more.
  void stop(Failure failure) {
    if (failure_) return;
    const auto self = this->shared_from_this();
    failure_ = std::move(failure);
    again_.clear();
    landed_.clear();
    const auto flights = std::exchange(flights_, {});
    for (const auto& [first, flight] : flights) {
      if (flight.job) flight.job.cancel();
    }
    if (const auto room = std::exchange(room_, {})) room.cancel();
    announce();
  }

  /// Throws when it has failed, or when the pool is gone.
  void check() const {
    if (failure_) failure_->rethrow();
    if (pool_.closed()) poolGone().rethrow();
  }

  /// How many elements there are in all, when that is known.
  std::optional<std::size_t> total() const {
    const auto left = source_->left();
    return left ? std::optional(read_ + *left) : std::nullopt;
  }

  const StreamPool& pool() const { return pool_; }

 private:
  struct Piece {
    std::uint64_t first;
    Elements<E> elements;
    enum class Origin { range, again } origin = Origin::range;
  };
  struct Flight {
    Piece piece;
    Deferred<void> job;  // empty while it is being submitted
  };

  bool ended() const { return exhausted_ && again_.empty() && flights_.empty() && landed_.empty(); }

  Next takeFront() {
    const auto front = landed_.find(delivered_);
    if (front == landed_.end()) return std::nullopt;
    Next chunk(Chunk{front->first, std::move(front->second)});
    landed_.erase(front);
    delivered_ += chunk->result.count();
    return chunk;
  }

  void announce() {
    if (!waiting_) return;
    Next chunk = takeFront();
    if (!failure_ && !chunk && !ended()) return;
    const auto waiting = std::move(*waiting_);
    waiting_.reset();
    if (failure_) {
      waiting.errback(*failure_);
    } else {
      waiting.callback(std::move(chunk));
    }
  }

  // --- Into the pool ---

  std::size_t inFlight() const {
    return options_.inFlight > 0 ? options_.inFlight : 2 * pool_.workers();
  }

  void submitMore() {
    if (submitting_) return;
    const auto self = this->shared_from_this();
    submitting_ = true;
    while (maySubmit()) {
      if (auto piece = nextPiece()) submit(std::move(*piece));
    }
    submitting_ = false;
  }

  bool maySubmit() {
    if (failure_ || flights_.size() >= inFlight()) return false;
    if (again_.empty() && (exhausted_ || windowFull())) return false;
    if (pool_.hasRoom()) return true;
    // One that lands will look again.
    if (flights_.empty()) waitForRoom();
    return false;
  }

  bool windowFull() const {
    return windows_ != kNoWindow && flights_.size() + landed_.size() >= windows_ * inFlight();
  }

  void waitForRoom() {
    if (room_) return;
    room_ = pool_.whenRoom().addBoth([self = this->shared_from_this()](Outcome<void> outcome) {
      self->room_ = {};
      if (!outcome.ok()) return self->stop(outcome.failure());
      self->submitMore();
      self->announce();
    });
  }

  std::optional<Piece> nextPiece() {
    if (!again_.empty()) {
      Piece piece = std::move(again_.front());
      again_.pop_front();
      return piece;
    }
    try {
      auto elements = source_->read(size_.next(source_->left(), pool_.workers()));
      if (failure_) return std::nullopt;  // the range's code has seen to that
      const std::size_t count = elements.size();
      exhausted_ = count == 0;
      if (exhausted_) return std::nullopt;
      auto all = std::make_shared<Store<E>>(std::move(elements));
      return Piece{std::exchange(read_, read_ + count), {std::move(all), 0, count}};
    } catch (...) {
      stop(Failure::current());
      return std::nullopt;
    }
  }

  void submit(Piece piece) {
    const auto core = pool_.core();
    if (!core) return stop(poolGone());
    const auto first = piece.first;
    const std::tuple arguments(ChunkOrder{first, mode_}, piece.elements);
    flights_.emplace(first, Flight{std::move(piece), {}});
    auto job = detail::submit<Result>(*core, std::make_unique<const JobOptions>(options_.job),
                                      name(), arguments)
                   .addBoth([self = this->shared_from_this(), first](Outcome<Result> outcome) {
                     self->land(first, std::move(outcome));
                   });
    const auto flight = flights_.find(first);
    if (flight != flights_.end()) flight->second.job = std::move(job);
  }

  static const FunctionName& name() {
    static const FunctionName name{chunkName<function>(), functionSignature<&runChunk<function>>()};
    return name;
  }

  // --- Out of it ---

  void land(std::uint64_t first, Outcome<Result> outcome) {
    const auto flight = flights_.find(first);
    if (flight == flights_.end()) return;  // given up
    const Piece piece = std::move(flight->second.piece);
    flights_.erase(flight);
    if (outcome.ok()) {
      accept(piece, std::move(outcome).value());
    } else {
      reject(piece, outcome.failure());
    }
    submitMore();
    announce();
  }

  void accept(const Piece& piece, Result result) {
    if (!answers(piece, result)) {
      return stop(
          Failure(EncodingError("the worker's answer does not fit the chunk it was given")));
    }
    for (auto& [place, failure] : result.failures) failure = failure.atIndex(piece.first + place);
    if (mode_ == ChunkMode::failFast && !result.failures.empty()) {
      return stop(result.failures.front().second);
    }
    size_.finished(piece.elements.count, Duration(result.nanoseconds), result.wireBytes);
    landed_.emplace(piece.first, std::move(result));
  }

  bool answers(const Piece& piece, const Result& result) const {
    const std::size_t count = piece.elements.count;
    std::uint64_t next = 0;
    for (const auto& [place, failure] : result.failures) {
      if (place < next || place >= count) return false;
      next = place + 1;
    }
    if (result.count() == count) return true;
    return mode_ == ChunkMode::failFast && result.failures.size() == 1;
  }

  // A chunk that has failed as a whole is run again in parts, where that may help to find the one
  // element that is to blame.
  void reject(const Piece& piece, const Failure& failure) {
    const std::size_t count = piece.elements.count;
    const bool ofOne = count == 1;
    if (!isOfElements(failure)) return stop(failure);
    const bool tooLarge = failure.check<EncodingError>();
    const auto culprit = culpritIn(piece, failure);
    if (mode_ == ChunkMode::failFast && (ofOne || !tooLarge)) {
      return stop(culprit ? failure.atIndex(piece.first + *culprit) : failure);
    }
    if (ofOne || options_.job.rerun == Rerun::never) return condemn(piece, failure);
    if (tooLarge && piece.origin == Piece::Origin::range) size_.tooLarge(count);
    if (culprit) return spare(piece, *culprit, failure);
    again(piece, 0, count / 2);
    again(piece, count / 2, count - count / 2);
  }

  static std::optional<std::size_t> culpritIn(const Piece& piece, const Failure& failure) {
    if (piece.elements.count == 1) return 0;
    const auto index = deadlyElement(failure);
    if (!index || *index < piece.first) return std::nullopt;  // the worker may say anything
    const auto place = *index - piece.first;
    return place < piece.elements.count ? std::optional<std::size_t>(place) : std::nullopt;
  }

  // All but the culprit run again.
  void spare(const Piece& piece, std::size_t culprit, const Failure& failure) {
    again(piece, 0, culprit);
    condemn(part(piece, culprit, 1), failure);
    again(piece, culprit + 1, piece.elements.count - culprit - 1);
  }

  void condemn(const Piece& piece, const Failure& failure) {
    if (mode_ == ChunkMode::failFast) return stop(failure);
    Result result;
    for (std::size_t place = 0; place < piece.elements.count; ++place) {
      result.failures.emplace_back(place, failure.atIndex(piece.first + place));
    }
    landed_.emplace(piece.first, std::move(result));
  }

  void again(const Piece& piece, std::size_t place, std::size_t count) {
    if (count > 0) again_.push_back(part(piece, place, count));
  }

  static Piece part(const Piece& piece, std::size_t place, std::size_t count) {
    return {piece.first + place, piece.elements.part(place, count), Piece::Origin::again};
  }

  StreamPool pool_;
  const MapOptions options_;
  const ChunkMode mode_;
  const std::size_t windows_;
  const std::unique_ptr<ElementSource<E>> source_;
  ChunkSize size_;
  std::deque<Piece> again_;
  std::map<std::uint64_t, Flight> flights_;  // by place in the range
  std::map<std::uint64_t, Result> landed_;
  std::uint64_t read_ = 0;
  std::uint64_t delivered_ = 0;
  bool exhausted_ = false;
  bool submitting_ = false;
  Deferred<void> room_;  // empty when there is some
  std::optional<Resolver<Next>> waiting_;
  std::optional<Failure> failure_;
};

}  // namespace phial::detail
