// The half of a MessagePipe that reads; see message_pipe.h.
#pragma once

#include <phial/protocol/fork_mark.h>
#include <phial/protocol/message_pipe.h>

#include "protocol/wire/event_ptr.h"

namespace phial::inline v1::detail {

class PipeReader {
 public:
  using Result = kj::Maybe<capnp::MessageReaderAndFds>;

  PipeReader(event_base& base, kj::AutoCloseFd fd, FrameLimits limits,
             std::shared_ptr<ArenaReader> arena, SideThread* side, TakeMemory takeMemory);
  ~PipeReader();

  void watch(MessagePipe::Watcher& watcher, std::uint64_t mostHeldBytes);
  void limitTo(std::uint64_t maxMessageBytes) { frames_.limitTo(maxMessageBytes); }
  kj::Promise<Result> read(capnp::ReaderOptions options);
  bool pending() const;
  bool ended() const { return state_ != State::open; }
  bool fetching() const { return fetch_.active(); }
  const std::optional<ProtocolError>& error() const { return frames_.error(); }
  bool outOfMemory() const { return frames_.outOfMemory(); }
  bool cutShort() const { return frames_.cutShort(); }
  void count(MessagePipe::Stats& stats) const;

 private:
  class Waiter;
  class Held;
  struct Budget;
  enum class State { open, ended, failed };

  static void onEvent(evutil_socket_t, short, void* self) noexcept;
  void receive();
  void settle();
  Result take(capnp::ReaderOptions options);
  Result handOut(kj::Own<capnp::MessageReader> message);
  void fail();
  void fetch();
  void fetched();
  kj::Exception failure() const;
  void watch();
  void unwatch();

  kj::AutoCloseFd fd_;
  const ForkMark mark_;
  EventPtr readable_;
  FrameReader frames_;
  SideThread* const side_;
  SideThread::Task fetch_;  // active while frames_ is its to use
  State state_ = State::open;
  int errno_ = 0;          // why reading failed, unless the frames are at fault
  bool paused_ = false;    // what has arrived may wait in frames_ for memory
  bool watching_ = false;  // whether readable_ is added
  Waiter* waiter_ = nullptr;
  MessagePipe::Watcher* watcher_ = nullptr;
  std::shared_ptr<Budget> budget_;  // with a watcher
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t calls_ = 0;
};

}  // namespace phial::inline v1::detail
