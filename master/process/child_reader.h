// The pipe from one descriptor of a child: reads what the child writes, until the end.
//
// The reader knows no protocol. It calls `onData` from the loop, at most once a turn, and `onLost`
// once, from the loop, when the pipe has closed at either end.
//
// Thread rule: the Reactor's thread.
#pragma once

#include <kj/io.h>
#include <phial/master/reactor.h>

#include <functional>
#include <memory>
#include <string_view>

namespace phial::inline v1::detail {

class ChildReader : public std::enable_shared_from_this<ChildReader> {
 public:
  struct Callbacks {
    /// Bytes, borrowed for the call.
    std::function<void(std::string_view)> onData;
    std::function<void()> onLost;
  };

  ChildReader(Reactor& reactor, kj::AutoCloseFd fd, Callbacks callbacks)
      : reactor_(reactor), fd_(kj::mv(fd)), callbacks_(std::move(callbacks)) {}
  ChildReader(const ChildReader&) = delete;
  ChildReader& operator=(const ChildReader&) = delete;

  /// Begins to read, or goes on. Throws Error when the system refuses to watch the pipe.
  void resume();
  void pause() { watch_.stop(); }

  /// Closes the pipe; `onLost` is called from the loop.
  void lose();
  /// Closes the pipe; nothing is called any more.
  void abandon() noexcept;
  /// -1 when the pipe has closed.
  int fd() const { return fd_; }

 private:
  void read();

  Reactor& reactor_;
  kj::AutoCloseFd fd_;
  Callbacks callbacks_;
  Watch watch_;  // after fd_: it goes first
};

}  // namespace phial::inline v1::detail
