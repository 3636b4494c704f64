// The door for other threads (Reactor::callFromThread): a locked queue and an eventfd.
//
// It may outlive its Reactor, in the hands of other threads: close() ends everything of it that is
// the loop's.
//
// Not event_active from the other thread: a host's event_base may have been made without locking.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "master/reactor/call_guard.h"
#include "master/reactor/event.h"
#include "master/reactor/file_descriptor.h"

namespace phial::inline v1::detail {

class ThreadQueue {
 public:
  /// At most so many calls are made in one turn, so that threads cannot keep I/O waiting.
  static constexpr std::size_t kCallsPerTurn = 1024;

  ThreadQueue(event_base& base, CallGuard& guard);

  /// From any thread. After close() `f` is destroyed there.
  void add(std::function<void()> f);
  /// On the loop's thread: drops what has not been called, and from now on what is added.
  void close();

 private:
  void drain();
  std::vector<std::function<void()>> takeSome();
  void wake();

  const ForkMark mark_;
  CallGuard& guard_;  // until close()
  std::mutex mutex_;
  std::deque<std::function<void()>> calls_;  // guarded by mutex_
  bool closed_ = false;                      // guarded by mutex_
  FileDescriptor eventFd_;                   // until close(); guarded by mutex_
  EventPtr event_;                           // until close()
};

}  // namespace phial::inline v1::detail
