// The door for other threads (Reactor::callFromThread): a locked queue and an eventfd.
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

namespace phial::detail {

class ThreadQueue {
 public:
  /// At most so many calls are made in one turn, so that threads cannot keep I/O waiting.
  static constexpr std::size_t kCallsPerTurn = 1024;

  ThreadQueue(event_base& base, CallGuard& guard);

  /// From any thread.
  void add(std::function<void()> f);
  /// Drops what has not been called, and from now on what is added.
  void close();

 private:
  void drain();
  std::vector<std::function<void()>> takeSome();
  void wake();

  CallGuard& guard_;
  std::mutex mutex_;
  std::deque<std::function<void()>> calls_;  // guarded by mutex_
  bool closed_ = false;                      // guarded by mutex_
  FileDescriptor eventFd_;
  EventPtr event_;
};

}  // namespace phial::detail
