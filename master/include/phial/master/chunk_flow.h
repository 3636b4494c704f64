// A range on its way through a pool: chunks go in as fast as workers take them, and come out in
// order. What is decided here knows no type of element or result: see chunk_stream.h for those.
// Part of the templates of map.h; nothing here is for users.
//
//     read() ──▶ flights (jobs of the pool) ──▶ landed ──next()──▶ map, forEach
//                   ▲                  │
//                   └───── again ◀─────┘  what a dead worker leaves
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
#include <phial/master/deferred.h>
#include <phial/master/job.h>
#include <phial/master/pool_options.h>
#include <phial/master/stream_pool.h>
#include <phial/protocol/chunk_value.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>

namespace phial::detail {

/// How many chunks may wait for one before them, where there is no limit.
inline constexpr std::size_t kNoWindow = std::numeric_limits<std::size_t>::max();

/// An element cannot be given to the function: an EncodingError says why.
struct UnfitElement {
  Failure reason;
};

/// Some elements of a range, a part of the Store at `all`. The stream knows its type.
struct ChunkElements {
  std::shared_ptr<void> all;
  std::size_t begin = 0;
  std::size_t count = 0;

  ChunkElements part(std::size_t first, std::size_t size) const {
    return {all, begin + first, size};
  }
};

class ChunkFlow : public std::enable_shared_from_this<ChunkFlow> {
 public:
  struct Chunk {
    std::uint64_t first;                 // its place in the range
    std::shared_ptr<ChunkFacts> result;  // a ChunkResult; the stream knows of what
    std::size_t count;                   // of elements that it tells of
  };
  using Next = std::optional<Chunk>;

  /// `windows`: how many times the chunks in flight may be landed or in flight. `chunkBytes`: more
  /// is not asked for in the message of a chunk's results.
  ChunkFlow(StreamPool pool, Ref<CallOptions> callOptions, ChunkMode mode, std::size_t windows,
            std::uint64_t chunkBytes);
  virtual ~ChunkFlow();
  ChunkFlow(const ChunkFlow&) = delete;
  ChunkFlow& operator=(const ChunkFlow&) = delete;

  /// The next chunk in order, none at the end; fails as the map does. Cancelling gives up.
  /// REQUIRES: the last one has fired.
  Deferred<Next> next();
  /// Fails with `failure` unless it has failed: cancels what is in flight and reads no more.
  void stop(Failure failure);
  /// Throws when it has failed, or when the pool is gone.
  void check() const;
  /// How many elements there are in all, when that is known.
  std::optional<std::size_t> total() const;
  const StreamPool& pool() const { return pool_; }

 protected:
  const Ref<CallOptions>& callOptions() const { return options_; }
  /// What has become of the chunk that was sent with this first element.
  void land(std::uint64_t first, std::shared_ptr<ChunkFacts> result, std::size_t count);
  void land(std::uint64_t first, const Failure& failure);

 private:
  /// The next elements, `count` at most; none at the end only. Throws UnfitElement, and what the
  /// range's own code throws.
  virtual ChunkElements read(std::size_t count) = 0;
  /// How many are left to read; empty when the range cannot tell.
  virtual std::optional<std::size_t> left() const = 0;
  /// Submits a job of these elements, whose end calls land(), never inside of this call.
  virtual Deferred<void> send(PoolCore& core, const ChunkOrder& order,
                              const ChunkElements& elements) = 0;
  /// A result of no element.
  virtual std::shared_ptr<ChunkFacts> emptyResult() const = 0;

  struct Piece {
    std::uint64_t first;
    ChunkElements elements;
    enum class Origin { range, again } origin = Origin::range;
  };
  struct Flight {
    Piece piece;
    Deferred<void> job;  // empty while it is being submitted
  };
  struct Landed {
    std::shared_ptr<ChunkFacts> result;
    std::size_t count;
  };

  const MapOptions& options() const;
  Deferred<Next> settled(Next chunk) const;
  bool ended() const;
  Next takeFront();
  void announce();

  std::size_t inFlight() const;
  void submitMore();
  bool maySubmit();
  bool windowFull() const;
  void waitFor(Deferred<void> event);
  std::optional<Piece> nextPiece();
  void landUnfit(const Failure& reason);
  void submit(Piece piece);
  ChunkTiming timing() const;

  std::optional<Piece> takeFlight(std::uint64_t first);
  void proceed();
  void accept(const Piece& piece, Landed landed);
  static bool answers(const Piece& piece, const Landed& landed, ChunkMode mode);
  void reject(const Piece& piece, const Failure& failure);
  static std::optional<std::size_t> culpritIn(const Piece& piece, const Failure& failure);
  void spare(const Piece& piece, std::size_t culprit, const Failure& failure);
  void condemn(const Piece& piece, const Failure& failure);
  void again(const Piece& piece, std::size_t place, std::size_t count);
  static Piece part(const Piece& piece, std::size_t place, std::size_t count);

  StreamPool pool_;
  const Ref<CallOptions> options_;  // null: the default ones
  const ChunkMode mode_;
  const std::size_t windows_;
  ChunkSize size_;
  std::deque<Piece> again_;
  std::map<std::uint64_t, Flight> flights_;  // by place in the range
  std::map<std::uint64_t, Landed> landed_;
  std::uint64_t read_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t unfit_ = 0;  // elements that could not be submitted
  bool exhausted_ = false;
  bool submitting_ = false;
  bool inCall_ = true;   // of map, until the first next() has returned
  Deferred<void> room_;  // what submitting waits for; empty when for nothing
  std::optional<Resolver<Next>> waiting_;
  std::optional<Failure> failure_;
};

}  // namespace phial::detail
