// The pipe to one descriptor of a child: what waits to be written, and the writing.
//
// write() tries at once and keeps the rest; the loop goes on when the child has read. The writer
// knows no protocol: it calls `onLost` once, from the loop, when the pipe has closed at either end.
//
// Thread rule: the Reactor's thread.
#pragma once

#include <kj/io.h>
#include <phial/master/deferred.h>
#include <phial/master/reactor.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace phial::inline v1::detail {

class ChildWriter : public std::enable_shared_from_this<ChildWriter> {
 public:
  /// Whether the writer watches for the end of the reader. Where one open file both reads and
  /// writes, its reader sees the end.
  enum class Hangup { isWatched, isSeenElsewhere };

  ChildWriter(Reactor& reactor, kj::AutoCloseFd fd, std::function<void()> onLost)
      : reactor_(reactor), fd_(kj::mv(fd)), onLost_(std::move(onLost)) {}
  /// Waiters that are left fail.
  ~ChildWriter();
  ChildWriter(const ChildWriter&) = delete;
  ChildWriter& operator=(const ChildWriter&) = delete;

  /// Begins to watch. Throws Error when the system refuses.
  void watch(Hangup hangup);

  /// Returns how many bytes wait afterwards. Bytes after closeWhenWritten() are dropped.
  std::size_t write(std::string bytes);
  std::size_t pendingBytes() const { return pendingBytes_; }
  Deferred<void> whenBelow(std::size_t bytes);

  /// Closes the pipe, soon, when nothing waits any more.
  void closeWhenWritten();
  /// Closes the pipe now, and drops what waits. `onLost` is not called.
  void abandon() noexcept;
  /// As if the child had closed its end: `onLost` is called from the loop.
  void lose();

 private:
  struct Waiter {
    std::size_t below;
    Resolver<void> resolver;
  };

  void keep(std::string bytes);
  void flush();
  void writeSome();
  void drop(std::size_t written);
  void watchRoom();
  void callWaiters();
  void failWaiters();

  Reactor& reactor_;
  kj::AutoCloseFd fd_;
  std::function<void()> onLost_;
  std::deque<std::string> queue_;
  std::size_t headWritten_ = 0;  // of the first string
  std::size_t pendingBytes_ = 0;
  bool closing_ = false;
  bool lost_ = false;
  std::vector<Waiter> waiters_;
  Watch hangup_;  // after fd_: these go first
  Watch room_;
};

}  // namespace phial::inline v1::detail
