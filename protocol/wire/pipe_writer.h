// The half of a MessagePipe that writes; see message_pipe.h.
#pragma once

#include <phial/protocol/fork_mark.h>
#include <phial/protocol/message_pipe.h>

#include <boost/intrusive/list.hpp>
#include <chrono>
#include <deque>
#include <vector>

#include "protocol/memory/arena_copy.h"
#include "protocol/wire/arena_upkeep.h"
#include "protocol/wire/event_ptr.h"

namespace phial::inline v1::detail {

class PipeWriter {
 public:
  using Segments = kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>;

  PipeWriter(event_base& base, kj::AutoCloseFd fd, FrameLimits limits,
             std::shared_ptr<ArenaWriter> arena, std::chrono::microseconds arenaKeepsMemory);
  ~PipeWriter();

  kj::Promise<void> write(Segments message);
  kj::Promise<void> write(kj::ArrayPtr<Segments> messages);
  kj::Promise<void> end();
  void ring();
  void flush();
  bool pending() const { return !runs_.empty(); }
  kj::Maybe<int> bufferSize() const;
  void count(MessagePipe::Stats& stats) const;

 private:
  class Waiter;
  using Waiters = boost::intrusive::list<Waiter, boost::intrusive::constant_time_size<false>>;

  // What goes out in order: bytes of ours, then segments of one large message's caller.
  struct Run {
    std::vector<kj::byte> copied;
    std::vector<kj::ArrayPtr<const kj::byte>> borrowed;
    std::size_t bytes = 0;
    // What must lie in the arena before this run may go.
    std::unique_ptr<ArenaCopy> copy;
  };

  static void onEvent(evutil_socket_t, short, void* self) noexcept;
  kj::Maybe<kj::Exception> refusal(Segments message) const;
  bool append(Segments message);
  Run& openRun();
  bool appendToArena(Segments message);
  bool copyFirst();
  kj::Promise<void> written(bool borrows);
  void schedule();
  void wrote(std::size_t bytes);
  void settleWaiters();
  void block();
  void unblock();
  void close();
  void fail(kj::Exception reason);
  std::uint64_t queuedBytes() const { return appended_ - bytes_; }

  FrameLimits limits_;
  kj::AutoCloseFd fd_;
  const ForkMark mark_;
  EventPtr writable_;
  EventPtr copyMore_;
  ArenaUpkeep arena_;
  std::deque<Run> runs_;
  std::size_t sent_ = 0;  // bytes of the first run that are written
  std::vector<kj::byte> spare_;
  std::unique_ptr<Waiters> waiters_;  // in the order of what they wait for
  kj::Maybe<kj::Exception> failure_;
  bool ending_ = false;
  bool blocked_ = false;  // the pipe is full and writable_ is added
  bool copying_ = false;  // copyMore_ is added
  bool scheduled_ = false;
  kj::Promise<void> flushTask_ = nullptr;
  std::uint64_t appended_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t calls_ = 0;
};

}  // namespace phial::inline v1::detail
