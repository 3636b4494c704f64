// For how long a dead worker's pipes are listened to.
//
// What the worker had written before its end is heard first: results in the pipe count, whatever
// the worker died of. A grandchild may hold the pipe open and write into it for ever, and must not
// delay the verdict. So reading is bounded in time, save for a message that has arrived and is
// being copied or read on another thread.
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/clock.h>

#include <optional>

namespace phial::inline v1::detail {

class PipeDrain {
 public:
  /// How long a pipe is read that somebody else keeps writing into.
  static constexpr Duration kLimit = std::chrono::milliseconds(100);
  /// Between two looks at what another thread copies.
  static constexpr Duration kPause = std::chrono::milliseconds(1);

  enum class Sees {
    nothing,  // the pipe is empty, and all that came from it has been handled
    more,
    copying,  // more, of which a part is being copied
  };

  /// Begins now. `clock` is borrowed.
  explicit PipeDrain(const Clock& clock) : clock_(clock), until_(clock.now() + kLimit) {}

  /// The pause before the next look; nothing when the reading is over.
  std::optional<Duration> next(Sees sees);

 private:
  const Clock& clock_;
  TimePoint until_;
};

}  // namespace phial::inline v1::detail
