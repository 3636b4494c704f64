// What a map or a stream asks of its pool. Part of the templates of map.h; nothing here is for
// users.
#pragma once

#include <phial/master/deferred.h>
#include <phial/protocol/failure.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

class Runner;

/// The pool of a map or stream; it may have ended.
class StreamPool {
 public:
  /// Throws std::logic_error on another thread than that of the pool.
  /// `call` is named then.
  explicit StreamPool(const std::shared_ptr<Runner>& runner, const char* call = "map or forEach");

  /// Null when the pool has ended or is being destroyed.
  std::shared_ptr<Runner> runner() const;
  /// True when the pool is destroyed or being destroyed.
  bool closed() const;
  /// As Runner::capacity; 1 when the pool has ended.
  std::size_t capacity() const;
  /// True if the pool has a timeout for jobs that set none of their own.
  bool hasTimeout() const;
  /// True if a job submitted now does not fail with QueueFull.
  bool hasRoom() const;
  /// Fires when there is room. REQUIRES: !hasRoom().
  Deferred<void> whenRoom() const;
  /// Fires after the loop has had a turn; never fails.
  Deferred<void> nextTurn() const;
  /// Fires from the loop, after the current callback; never fails.
  Deferred<void> soon() const;
  /// Fires in a later turn of the loop, at once when the pool has ended; never fails.
  Deferred<void> later() const;

 private:
  std::weak_ptr<Runner> runner_;
  std::shared_ptr<void> hold_;  // a lease lasts as long as its maps
};

/// The failure of a call after the pool's end.
Failure poolGone();
/// True if a chunk's failure may be caused by one of its elements; false if it concerns the pool or
/// the whole map.
bool isOfElements(const Failure& failure);
/// The element at which a worker died by its own account, if any.
std::optional<std::uint64_t> deadlyElement(const Failure& failure);

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
