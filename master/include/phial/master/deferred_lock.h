// Mutual exclusion among callbacks of one loop. After Twisted's DeferredLock and DeferredSemaphore.
//
// What needs it is work that spans several turns of the loop, such as a request and its reply on
// one connection; nothing here concerns threads.
#pragma once

#include <phial/master/deferred_waitlist.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <tuple>
#include <utility>

namespace phial {

/// Lets at most `limit` in at a time, in the order in which they came. Destroying it fails those
/// that wait with CancelledError; what is running in run() goes on. A callback that it lets in may
/// destroy it.
class DeferredSemaphore {
 public:
  /// Throws std::invalid_argument when `limit` is zero.
  explicit DeferredSemaphore(std::size_t limit);
  DeferredSemaphore(const DeferredSemaphore&) = delete;
  DeferredSemaphore& operator=(const DeferredSemaphore&) = delete;
  ~DeferredSemaphore();

  /// Fires when let in, at once if there is room. Whoever was let in calls release() once.
  /// Cancelling while waiting gives up the place.
  Deferred<void> acquire();

  /// Lets in the next one, whose callbacks run before this returns, unless this is called from
  /// within the callbacks of one just let in: then right after those. Throws std::logic_error when
  /// nobody is in.
  void release();

  /// Calls f(arguments...) when let in, and releases when what it returns, a Deferred included, is
  /// there; f and the arguments live until then, so f may be a coroutine lambda with captures.
  /// Cancelling before gives up the place, then cancels what f returned.
  template <class F, class... A>
  auto run(F f, A... arguments) {
    return acquire().addCallback([gate = gate_, f = std::move(f),
                                  bound = std::make_tuple(std::move(arguments)...)]() mutable {
      return maybeDeferred([&] { return std::apply(std::move(f), std::move(bound)); })
          .addBoth([gate](auto outcome) {
            gate->release();
            return outcome;
          });
    });
  }

  std::size_t limit() const;
  /// How many more would be let in at once.
  std::size_t tokens() const;
  std::size_t waiting() const;

 private:
  struct Gate : std::enable_shared_from_this<Gate> {
    explicit Gate(std::size_t n) : limit(n), tokens(n) {}
    void release();
    void letIn();

    std::size_t limit;
    std::size_t tokens;
    bool lettingIn = false;
    std::unique_ptr<detail::WaitList<void>> waiting = std::make_unique<detail::WaitList<void>>();
  };

  std::shared_ptr<Gate> gate_;  // what run() has under way outlives the semaphore
};

/// Lets in one at a time.
class DeferredLock : public DeferredSemaphore {
 public:
  DeferredLock() : DeferredSemaphore(1) {}
  bool locked() const { return tokens() == 0; }
};

}  // namespace phial
