// A range on its way through a pool: chunks go in as fast as workers take them, and come out in
// order, or as they end. ChunkFlow decides without knowing the types of elements and results; see
// chunk_types.h for those. Part of the templates of map.h; nothing here is for users.
//
//     read() ──▶ flights (jobs of the pool) ──▶ landed ──next()──▶ map, forEach
//                   ▲                  │
//                   └───── again ◀─────┘  what a dead worker leaves
//
// Invariants 1. Each element that was read and not yet returned by next() is in exactly one of
// again_, flights_ and landed_. Once the stream has failed all three are empty. 2. At most
// inFlight() jobs are submitted, and nothing is read while landed and submitted chunks fill the
// window. The chunk that all others wait for is never held back by the window: it is in again_ or
// in flight. 3. The bookkeeping is complete before a waiting next() is fired, because firing it
// runs user code.
//
// Life: shared by its consumer, a coroutine, and by the callbacks of its jobs. The pool may end
// first.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/detail/chunk_size.h>
#include <phial/master/detail/chunk_types.h>
#include <phial/master/detail/job.h>
#include <phial/master/detail/stream_pool.h>
#include <phial/master/pool_options.h>
#include <phial/protocol/chunk_value.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// A window without a limit, of who keeps all results and wants them in order.
inline constexpr std::size_t kNoWindow = std::numeric_limits<std::size_t>::max();

/// Thrown by read(): an element cannot be given to the function. An EncodingError says why.
struct UnfitElement {
  Failure reason;
};

/// A range on its way into chunks.
class ElementSource {
 public:
  virtual ~ElementSource() = default;

  /// Returns the next elements, at most `count`. Returns fewer at the end of the range, before an
  /// element that does not fit, and when they would exceed kChunkBytes; returns none only at the
  /// end. Throws UnfitElement for an element that does not fit, and goes on with the element after
  /// it. Runs the range's own code, which may do and throw anything.
  virtual ChunkElements read(std::size_t count) = 0;
  /// How many elements are left; empty when the range cannot tell.
  virtual std::optional<std::size_t> left() const = 0;
};

class ChunkFlow final : public std::enable_shared_from_this<ChunkFlow> {
 public:
  struct Chunk {
    std::uint64_t first;                 // the index of its first element in the range
    std::shared_ptr<ChunkFacts> result;  // a ChunkResult, of the type that the map knows
    std::size_t count;                   // how many elements it reports
  };
  using Next = std::optional<Chunk>;

  /// `windows`: how many chunks may be landed or in flight, as a multiple of the chunks in flight.
  /// `function` must live as long as the program.
  static std::shared_ptr<ChunkFlow> make(StreamPool pool, Ref<CallOptions> callOptions,
                                         ChunkMode mode, std::size_t windows,
                                         const ChunkFunction& function,
                                         std::unique_ptr<ElementSource> source);
  /// One that fails with `failure` from the loop.
  static std::shared_ptr<ChunkFlow> failed(StreamPool pool, const ChunkFunction& function,
                                           Failure failure);
  ~ChunkFlow();
  ChunkFlow(const ChunkFlow&) = delete;
  ChunkFlow& operator=(const ChunkFlow&) = delete;

  /// Returns the next chunk, as the order says; nothing at the end of the range. Fails as the map
  /// does. Cancelling gives up the map. REQUIRES: the Deferred of the last next() has fired.
  Deferred<Next> next();
  /// Fails the stream with `failure`, unless it has failed before. Cancels the jobs in flight and
  /// reads no more.
  void stop(Failure failure);
  /// Throws the stream's failure, or PoolStopped when the pool has ended.
  void check() const;
  /// The number of elements in the whole range, when it is known.
  std::optional<std::size_t> total() const;
  const StreamPool& pool() const { return pool_; }

 private:
  ChunkFlow(StreamPool pool, Ref<CallOptions> callOptions, ChunkMode mode, std::size_t windows,
            const ChunkFunction& function, std::unique_ptr<ElementSource> source);

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
  Deferred<void> send(Runner& runner, const ChunkOrder& order, const ChunkElements& elements);
  ChunkTiming timing() const;

  void land(std::uint64_t first, std::shared_ptr<ChunkFacts> result);
  void land(std::uint64_t first, const Failure& failure);
  std::optional<Piece> takeFlight(std::uint64_t first);
  void advance();
  void accept(const Piece& piece, Landed landed);
  static bool answers(const Piece& piece, const Landed& landed, ChunkMode mode);
  void reject(const Piece& piece, const Failure& failure);
  static std::optional<std::size_t> culpritIn(const Piece& piece, const Failure& failure);
  void spare(const Piece& piece, std::size_t culprit, const Failure& failure);
  void condemn(const Piece& piece, const Failure& failure);
  void again(const Piece& piece, std::size_t place, std::size_t count);
  static Piece part(const Piece& piece, std::size_t place, std::size_t count);

  StreamPool pool_;
  const Ref<CallOptions> options_;  // null: the default options
  const ChunkFunction& function_;
  const std::unique_ptr<ElementSource> source_;
  const ChunkMode mode_;
  const std::size_t windows_;
  const Order order_;
  ChunkSize size_;
  std::deque<Piece> again_;
  std::map<std::uint64_t, Flight> flights_;  // by the first element's index in the range
  std::map<std::uint64_t, Landed> landed_;
  std::uint64_t read_ = 0;
  std::uint64_t delivered_ = 0;  // elements
  std::uint64_t unfit_ = 0;      // elements that could not be submitted
  bool exhausted_ = false;
  bool submitting_ = false;
  bool inCall_ = true;   // of map, until the first next() has returned
  Deferred<void> room_;  // what submitting waits for; empty when for nothing
  std::optional<Resolver<Next>> waiting_;
  std::optional<Failure> failure_;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
