// What a range on its way asks of its pool. Part of the templates of map.h; nothing here is for
// users.
#pragma once

#include <phial/master/deferred.h>
#include <phial/protocol/failure.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace phial::detail {

class PoolCore;

/// The pool of a stream, which may be gone.
class StreamPool {
 public:
  /// Throws std::logic_error on any thread but that of the pool's Reactor.
  explicit StreamPool(const std::shared_ptr<PoolCore>& core);

  /// Null when the pool is gone, or is being destroyed.
  std::shared_ptr<PoolCore> core() const;
  /// Whether ProcessPool is destroyed, or is being.
  bool closed() const;
  /// How many workers there may be; at least 1.
  std::size_t workers() const;
  /// Whether jobs have a timeout that set none of their own.
  bool hasTimeout() const;
  /// Whether a job submitted now does not meet QueueFull.
  bool hasRoom() const;
  /// Fires when that is so. REQUIRES: !hasRoom().
  Deferred<void> whenRoom() const;
  /// Fires when the loop has had its turn; never fails.
  Deferred<void> nextTurn() const;
  /// Fires from the loop, soon; never fails.
  Deferred<void> soon() const;

 private:
  std::weak_ptr<PoolCore> core_;
};

Failure poolGone();
/// Whether a chunk's failure is of its elements, one of which may have caused it, or else of the
/// pool or of all of the map.
bool isOfElements(const Failure& failure);
/// Which element a worker says that it died of.
std::optional<std::uint64_t> deadlyElement(const Failure& failure);

}  // namespace phial::detail
