// What the holders of phial/asio.h, glib.h, uv.h and qt.h share: a Reactor on the loop of a host,
// through Reactor::fd(), dispatch() and nextTimeout(). Nothing here is for users.
//
// The host waits for the descriptor, at most for the time that arm() gives, and then calls turn().
// A turn dispatches for at most kMost, so that a busy Reactor leaves the host its share, and arms
// again. In between nothing is asked: what calls from outside make due shows at the descriptor.
//
// Life: a holder owns a HeldReactor by a shared pointer and calls release() in its destructor. A
// callback of the Reactor may destroy the holder: the turn that runs keeps the HeldReactor alive,
// and touches the host no more. reactor.stop() ends the holding as well; then onStop is called.
//
// A job that ends in a turn has a callback, which must not run inside the Reactor: the callback may
// run a nested loop, or destroy the Reactor. To post it to the host costs a turn of the host's. So
// the turn itself calls the callback of the first such job, after the Reactor's callbacks have
// returned and the host is armed again. The others are posted, because whatever ends the host's
// run inside one callback, as an exception does, is to end it before the next. What the callback
// has made due, such as another job, is dispatched in the same turn.
//
// A callback of the Reactor may run a nested loop of the host, as a modal dialog does. A Reactor
// cannot be dispatched inside its own callback, so turn() pauses the waiting until the outer turn
// has ended.
//
// Thread rule: the Reactor's thread.
#pragma once

#include <phial/master/reactor.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

class HeldReactor : public std::enable_shared_from_this<HeldReactor> {
 public:
  /// The longest that one turn goes on while more and more is due.
  static constexpr Duration kMost = std::chrono::milliseconds(10);

  /// `host` is the address by which calls name the host.
  HeldReactor(Reactor& reactor, const void* host) : reactor_(reactor), host_(host) {}
  virtual ~HeldReactor() = default;
  HeldReactor(const HeldReactor&) = delete;
  HeldReactor& operator=(const HeldReactor&) = delete;

  /// The host found the descriptor readable, or the time has passed. Does not throw: the host may
  /// be C code. If the Reactor cannot be dispatched, reports why and ends the holding.
  void turn() noexcept;
  /// Ends the holding; onStop is not called any more. Harmless when called again.
  void release() noexcept;

  /// Takes `f` and returns true when a Reactor on `host` is being dispatched on this thread and its
  /// turn has no callback yet: the turn then calls f at its end. Otherwise leaves `f` alone: post
  /// it. Any thread.
  static bool callAtEndOfTurn(const void* host, std::function<void()>& f);

  /// Inside such a callback: the turn ends with it, and what it has made due is left to the host's
  /// next one. Elsewhere does nothing.
  static void endTurn() noexcept;

  bool released() const { return released_; }
  void onStop(std::function<void()> f) { onStop_ = std::move(f); }

 protected:
  /// Waits for the descriptor from now on, at most for `timeout`, empty for ever. Called again
  /// after each turn.
  virtual void arm(std::optional<Duration> timeout) = 0;
  /// Waits for nothing until the next arm(). Called inside a nested loop of the host.
  virtual void pause() = 0;
  /// Waits for nothing any more; gives everything of the host's back. The descriptor stays open.
  virtual void disarm() noexcept = 0;

 private:
  template <class F>
  void attempt(F f) noexcept;
  void dispatch();
  bool callBack() noexcept;
  bool mayGoOn(TimePoint end) const;

  Reactor& reactor_;
  const void* const host_;
  std::function<void()> callback_;  // of a job that has ended in this turn
  std::function<void()> onStop_;
  bool begun_ = false;    // the Reactor has had a turn
  bool inTurn_ = false;   // the Reactor is being dispatched
  bool lastOne_ = false;  // this turn dispatches no more, and takes no callback
  bool released_ = false;
};

/// How long a host with timers of milliseconds has to wait, at least `timeout`.
std::chrono::milliseconds millisecondsUpTo(Duration timeout);

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
