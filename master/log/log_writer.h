// Writes lines to a descriptor without making anybody wait.
//
// Descriptor 2 is shared with the program and with other processes. O_NONBLOCK would be set for all
// of them; a poll before each write is no promise, because another writer may fill the pipe in
// between, and a file or a terminal can wait whatever poll says. So a thread does the writing, and
// it alone waits. It handles no signal, SIGPIPE included, and takes its lines from a queue of
// limited size.
//
// Thread rule: any thread. A forked child has the queue's memory but not the thread: it gets a
// writer of its own (see stderrWriter), and what its parent had queued stays the parent's.
// Life: the thread starts with the first line and ends with the writer.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace phial::inline v1::detail {

class LogWriter {
 public:
  /// So much is queued at most; as much again is being written.
  static constexpr std::size_t kMostQueuedBytes = std::size_t{1} << 20;
  /// For so long an end waits for a reader that takes nothing.
  static constexpr std::chrono::milliseconds kPatience{250};

  /// `descriptor` says where to write, and is asked before each write; -1 means nowhere, and drops
  /// the lines without counting them.
  explicit LogWriter(std::function<int()> descriptor);
  /// As finish().
  ~LogWriter() { finish(); }
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Queues `line`, which ends in a newline. Drops and counts it when the queue is full or no
  /// memory is left; a line of the writer's own says how many were dropped as soon as there is
  /// room.
  void add(std::string_view line) noexcept;

  /// Writes what is queued and ends the thread. Gives up when nothing could be written for
  /// kPatience: the thread then stays in its write, and so does the memory that it uses. Later
  /// lines are dropped. REQUIRES: on one thread.
  void finish() noexcept;

  /// The writer of this process for stderr. Never destroyed.
  static LogWriter& stderrWriter();
  /// finish() of that writer, if there is one.
  static void finishStderr() noexcept;

 private:
  struct State;  // shared with the thread, which may have to be left behind

  bool startThread();

  const std::shared_ptr<State> state_;
  std::optional<std::thread> thread_;
};

}  // namespace phial::inline v1::detail
