// Where the program was: addresses when captured, text when somebody asks.
#pragma once

#include <string>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// The call stack at one moment. Capturing only stores addresses (a few microseconds); text() does
/// the expensive part. Immutable: copies may be read on any thread.
class StackTrace {
 public:
  /// No frames; text() is empty.
  StackTrace() = default;

  /// Captures the caller's stack, innermost frame first, without the `skip` innermost frames.
  static StackTrace capture(int skip = 0);

  bool empty() const { return frames_.empty(); }

  /// One line for each frame, in the form that addr2line takes: "  module(function+0x1f) [0x1234]".
  /// A function of an executable has a name only if the executable exports it (-rdynamic). A frame
  /// of code that has been unloaded has no name either.
  std::string text() const;

 private:
  std::vector<void*> frames_;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
