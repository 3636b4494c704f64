// A child's output, line by line.
//
// Reads one pipe through the reactor. A child that floods it cannot hold the loop: a turn handles a
// limited number of lines and of bytes, and what waits stays in the pipe, so that the child waits
// too. A child that writes no newline cannot fill the memory, and a grandchild that keeps the pipe
// open after the child's end delays nobody: the reader's owner decides when to stop.
#pragma once

#include <kj/io.h>
#include <phial/master/reactor.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace phial::inline v1::detail {

class LineReader {
 public:
  /// Longer lines come in pieces of this size.
  static constexpr std::size_t kMaxLineBytes = 8 * 1024;
  /// Given out in one turn of the loop. A line may cost its receiver a microsecond, so this is a
  /// quarter of a millisecond.
  static constexpr std::size_t kLinesPerTurn = 256;
  /// Read in one turn of the loop: as many lines of an ordinary length.
  static constexpr std::size_t kBytesPerTurn = 16 * 1024;

  /// Takes `fd`, a non-blocking read end. Calls `onLine` from the loop with each line, without its
  /// newline, valid during the call; a last one without a newline at the pipe's end. Either may
  /// destroy the reader. `onEnd` is called once, when the pipe has ended or cannot be read.
  LineReader(Reactor& reactor, kj::AutoCloseFd fd, std::function<void(std::string_view)> onLine,
             std::function<void()> onEnd = {});
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// For when the child is dead and a grandchild may hold the pipe: reads what the pipe held at the
  /// first call and no more, gives out the last partial line too, and stops. Each call handles at
  /// most a turn's share; returns true while there is more, for the next turn to handle. The loop
  /// gives out nothing meanwhile. onEnd is not called. REQUIRES: not from onLine.
  bool finish();

  bool ended() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace phial::inline v1::detail
