// What stands behind Watch, and the set of those that a Reactor has given out.
#pragma once

#include <phial/master/reactor.h>
#include <phial/protocol/error.h>

#include <unordered_set>

#include "master/reactor/call_guard.h"
#include "master/reactor/event.h"

namespace phial::inline v1::detail {

class Watches;

/// The system refuses to watch a descriptor.
class WatchRefused : public Error {
 public:
  WatchRefused(int fd, int code);
  /// The errno.
  int code() const { return code_; }

 private:
  int code_;
};

class WatchState : public std::enable_shared_from_this<WatchState> {
 public:
  WatchState(Watches& watches, int fd, short what, std::function<void()> f);

  bool active() const { return event_ != nullptr; }
  void stop();
  /// Stops it and hands out what it was to call. REQUIRES: that is not running.
  std::function<void()> release();

 private:
  friend class Watches;
  void fire();

  Watches& watches_;
  std::function<void()> f_;
  EventPtr event_;
};

class Watches {
 public:
  Watches(event_base& base, CallGuard& guard) : base_(base), guard_(guard) {}
  ~Watches() { close(); }

  /// Stops all of them and drops what they hold.
  void close();

  /// `what` is EV_READ or EV_WRITE. Throws Error when `fd` cannot be watched.
  Watch add(int fd, short what, std::function<void()> f);

 private:
  friend class WatchState;
  event_base& base_;
  CallGuard& guard_;
  std::unordered_set<WatchState*> live_;
};

}  // namespace phial::inline v1::detail
