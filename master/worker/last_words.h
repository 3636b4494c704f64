// Hears a dead worker out: first its conversation, then what it has printed.
//
// Both are read in shares of one turn of the loop: the pipes may hold tens of thousands of lines,
// and each of them calls the log. What it has printed comes before the news of its death.
//
// Life: from the worker's end to its certificate, or until it is dropped. Calls of the log may drop
// it, and everything else.
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/reactor.h>

#include <functional>
#include <memory>

#include "master/worker/conversation.h"
#include "master/worker/log_capture.h"
#include "master/worker/pipe_drain.h"

namespace phial::inline v1::detail {

class LastWords : public std::enable_shared_from_this<LastWords> {
 public:
  struct Callbacks {
    /// The worker has said all that it had to say. Not called any more once this is dropped.
    std::function<void()> onSilence;
    /// All lines have been logged. The same holds.
    std::function<void()> onLinesRead;
  };

  /// `reactor` and `conversation` are borrowed.
  LastWords(Reactor& reactor, const Conversation& conversation, std::shared_ptr<LogCapture> output,
            Callbacks callbacks);

  /// Waits until the conversation is silent; see PipeDrain.
  void listen();
  /// Reads the lines.
  void readLines();
  /// Nothing is called any more.
  void stop() { stopped_ = true; }

 private:
  void again(Duration pause, void (LastWords::*step)());

  Reactor& reactor_;
  const Conversation& conversation_;
  const std::shared_ptr<LogCapture> output_;
  const Callbacks callbacks_;
  PipeDrain drain_;
  bool stopped_ = false;
};

}  // namespace phial::inline v1::detail
