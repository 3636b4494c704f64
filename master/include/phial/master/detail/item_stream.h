// The items of one stream on their way to its consumer, without their type. Part of the templates
// of stream.h; nothing here is for users.
//
//     worker's ring ──read()──▶ buffer ──take()──▶ next()
//
// Items stay in the worker's memory until the consumer asks for one. Then up to kMostRead words are
// copied here, out of the worker's reach, and read item by item. So a consumer that does not ask
// costs the master nothing, and the worker's emit() waits when its memory is full. When the worker
// is done with the job, or has died, what is left in its memory is copied: 256 KiB at most.
//
// A consumer that always asks again does not keep the loop: after kSlice of one turn the next item
// comes in the next turn.
//
// A large item is read in pieces, one a turn, once a next() waits for it.
//
// Life: shared by the Stream, by the job, and, while a worker has the job, by the worker's
// ItemChannel. The order is begin(), arrived() any number of times, finished(), end(). A job that
// runs again begins again, but only if no item of it has arrived. The job's end without a worker's,
// such as a cancellation, is an end() without finished().
//
// Thread rule: the loop's. Fires user code in turn(), end() and cancel(), as the last thing there.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/deferred.h>
#include <phial/master/detail/result_reading.h>
#include <phial/master/detail/stream_pool.h>
#include <phial/protocol/failure.h>
#include <phial/protocol/value_reader.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// Where the items of a stream come from, while a worker has the job.
class ItemSource {
 public:
  /// Moves up to `most` words to the end of `to`. If there is none, arrived() will be called when
  /// there is.
  virtual void read(std::vector<std::uint64_t>& to, std::size_t most) = 0;
  /// Nobody wants the items any more. The stream is not called again.
  virtual void leave() = 0;
  /// The worker has written what no worker of ours does.
  virtual void complain(std::string what) = 0;

 protected:
  ~ItemSource() = default;
};

/// What next() finds.
enum class ItemLook {
  item,
  end,
  failure,
  later,  ///< nothing yet, or not in this turn
  taken,  ///< another next() waits
};

/// Waits for an item, by a next() that has not fired.
class ItemTaker {
 public:
  virtual ~ItemTaker() = default;
  /// Begins to read a large item in pieces; null when reading it at once is quick enough. Throws
  /// EncodingError and what a codec throws.
  virtual std::unique_ptr<ResultReading> beginReading(ValueReader item) = 0;
  /// There is an item, the end, or a failure, as `found` says. Fires.
  virtual void ready(ItemLook found) = 0;
  /// The item has been read by what beginReading() has returned, and that is complete. Fires.
  virtual void readyRead(ResultReading& reading) = 0;
};

class ItemStream final : public std::enable_shared_from_this<ItemStream> {
 public:
  using Look = ItemLook;

  /// How items come from a source.
  struct Terms {
    std::uint64_t mostWords;  ///< of one item
    enum class Pace {
      loop,  ///< kSlice of a turn, then the next turn
      test,  ///< at once: nothing depends on the time
    } pace = Pace::loop;
  };

  /// Without a pool it has to follow() a job that has failed.
  explicit ItemStream(std::optional<StreamPool> pool) : pool_(std::move(pool)) {}
  ~ItemStream();
  ItemStream(const ItemStream&) = delete;
  ItemStream& operator=(const ItemStream&) = delete;

  // The job, on its way in.

  /// The Deferred of the job; its end is the end of the stream.
  void follow(Deferred<void> job);

  // The worker.

  /// A worker is about to be sent the job. `source` is borrowed until finished() or leave().
  void begin(ItemSource& source, const Terms& terms);
  /// There is something to read. Called from the loop.
  void arrived();
  /// The worker writes no more: takes what it has written.
  void finished();
  /// Without a worker: takes what `source` has, and gives it to a consumer that waits.
  void add(ItemSource& source, const Terms& terms);
  /// Whether a whole item has come out of a worker. The job must not run again then.
  bool anyArrived() const { return anyArrived_; }

  // The consumer.

  Look look();
  /// Has `taker` called when there is something. REQUIRES: look() has returned `later`.
  void wait(std::shared_ptr<ItemTaker> taker);
  void stopWaiting() { taker_.reset(); }
  /// Reads the item that look() has found. What `read` throws is the stream's failure from here on,
  /// and is thrown.
  void take(void* to, void (*read)(void* to, ValueReader item));
  /// The stream fails with the exception that reading an item has thrown, and the job is cancelled.
  /// REQUIRES: a catch block.
  void failReading();
  const Failure& failure() const { return *failure_; }
  /// Cancels the job. Items that have arrived are dropped.
  void cancel();

 private:
  struct LargeItem;
  using RealTime = std::chrono::steady_clock::time_point;

  /// What is copied at a time: reading and decoding it takes about half a millisecond.
  static constexpr std::size_t kMostRead = 8192;
  /// A larger item may be read in pieces.
  static constexpr std::size_t kLargeWords = 8192;
  /// More is not kept for the next items.
  static constexpr std::size_t kKeptWords = 65536;
  /// In more steps than these nothing is left in a worker's ring, unless the worker refills it.
  static constexpr int kMostDrains = 6;
  static constexpr Duration kSlice = std::chrono::microseconds(500);

  void end(std::optional<Failure> failure);
  void drain();
  void fill();
  void reserve();
  bool hasItem();
  Look find();
  bool waitsForTurn();
  void turnSoon();
  void turn();
  void serve();
  bool frontIsLarge() const;
  void takeLarge();
  void readLarge();
  void refuse(std::uint64_t words);
  void drop();

  std::optional<StreamPool> pool_;  // until the last item: it holds a lease
  DeferredHandle job_;
  ItemSource* source_ = nullptr;
  Terms terms_{};
  std::vector<std::uint64_t> buffer_;
  std::size_t at_ = 0;                // where the next item begins in buffer_
  std::shared_ptr<LargeItem> large_;  // taken out of buffer_, in front of what is there
  std::shared_ptr<ItemTaker> taker_;
  std::optional<Failure> failure_;
  RealTime turnBegan_{};
  bool turnComes_ = false;
  bool anyArrived_ = false;
  bool ended_ = false;  // the job has
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
