// Where the program was: return addresses now, text when somebody asks.
#pragma once

#include <string>
#include <vector>

namespace phial::detail {

/// The call stack at one moment. Capturing stores addresses only (a few microseconds); text() does
/// the costly part. Immutable, so copies may be read on any thread.
class StackTrace {
 public:
  /// No frames; its text is empty.
  StackTrace() = default;

  /// The caller's stack, innermost frame first, without the `skip` innermost ones.
  static StackTrace capture(int skip = 0);

  bool empty() const { return frames_.empty(); }

  /// One line a frame: "  module(function+0x1f) [0x1234]", as addr2line takes it. Functions of an
  /// executable have names only when it exports them (-rdynamic). Frames of code that has been
  /// unloaded since have no name either.
  std::string text() const;

 private:
  std::vector<void*> frames_;
};

}  // namespace phial::detail
