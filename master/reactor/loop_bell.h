// What makes one descriptor enough for a foreign loop that holds an event_base (Reactor::fd).
//
// An epoll descriptor is readable when a descriptor in it is ready. Active events and libevent's
// timers of zero length are in no epoll: a call from outside the loop that makes one would go
// unnoticed. The bell is an eventfd in the event_base. Whatever makes something due says so here;
// outside the loop the bell then rings, once until the loop has heard it. It exists only when
// somebody has asked for the descriptor.
//
// Thread rule: the loop's thread.
#pragma once

#include <event2/event.h>
#include <phial/protocol/fork_mark.h>

#include "master/reactor/event.h"
#include "master/reactor/file_descriptor.h"

namespace phial::inline v1::detail {

class LoopBell {
 public:
  /// `insideLoop` is true while the loop runs, and will look at what is due by itself.
  LoopBell(event_base& base, const bool& insideLoop) : base_(base), insideLoop_(insideLoop) {}

  /// The epoll descriptor of the event_base. Throws Error when there is none, or the system refuses
  /// a descriptor.
  int descriptor();

  /// Something is due that no descriptor shows.
  void noteDue() {
    if (epoll_ >= 0 && !insideLoop_ && !rung_) ring();
  }

 private:
  void ring();
  void onRung();

  event_base& base_;
  const bool& insideLoop_;
  const ForkMark mark_;
  FileDescriptor eventFd_;
  EventPtr event_;
  int epoll_ = -1;  // owned by the event_base
  bool rung_ = false;
};

}  // namespace phial::inline v1::detail
