// The items of the stream that a worker runs: from the worker's shared memory to an ItemStream.
//
// A worker runs one stream at a time, alone. The channel has a job from its sending until the
// worker is done with it: it has answered, has been relieved of it, or is dead. If nobody wants the
// items before that, because the consumer has gone, the channel lets the stream go and the items
// lie.
//
// Wake-ups. When there is nothing to read, the page says that the master sleeps, and the worker's
// next item rings the bell of the reply pipe. When the worker sleeps in emit(), and there is room
// for it again or it is to look at its cancel word, the channel rings the bell of the request pipe.
//
// Thread rule: the loop's. Calls of the stream may run user code, and are the last thing done.
#pragma once

#include <phial/master/detail/item_stream.h>
#include <phial/protocol/fork_mark.h>
#include <phial/protocol/item_ring.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "master/worker/worker_page.h"

namespace phial::inline v1::detail {

class ItemChannel final : private ItemSource {
 public:
  struct Callbacks {
    /// The worker sleeps, and is to be rung. May be called at any time from begin() on.
    std::function<void()> ringWorker;
    /// The worker did what no worker of ours does: what it was. Called inside anything.
    std::function<void(std::string)> complain;
  };

  explicit ItemChannel(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}
  ~ItemChannel() { finish(); }
  ItemChannel(const ItemChannel&) = delete;
  ItemChannel& operator=(const ItemChannel&) = delete;

  /// The job is about to be sent, alone, in `slot`. `page` is borrowed until finish().
  void begin(std::uint64_t job, ItemStream& stream, std::uint64_t maxMessageBytes, WorkerPage& page,
             unsigned slot);
  /// The worker is done with this job: what it has written is taken. Calls no user code. Returns
  /// what was wrong with it, or nothing.
  std::string finish(std::uint64_t job);
  /// As above, for whichever job it has.
  void finish();
  /// The cancel word has been raised for this job.
  void wakeForCancel(std::uint64_t job);
  /// The stream whose consumer may want what the worker has rung for; null if there is none.
  std::shared_ptr<ItemStream> stream() const { return stream_; }

 private:
  void read(std::vector<std::uint64_t>& to, std::size_t most) override;
  void leave() override { stream_.reset(); }
  void complain(std::string what) override;

  const Callbacks callbacks_;
  const ForkMark mark_;                 // a forked child would take the items of its parent
  std::uint64_t job_ = 0;               // 0: none
  std::shared_ptr<ItemStream> stream_;  // null: nobody wants the items
  std::optional<ItemRingReader> ring_;
  std::string fault_;  // of this job
};

}  // namespace phial::inline v1::detail
