// Ends the program with a last word when a cell takes too long.
//
// A signal handler, not a thread: it works whatever the loop is stuck in, and the master stays the
// single-threaded program that it is.
#pragma once

#include <string_view>

namespace matrix {

class Watchdog {
 public:
  /// From here on the program has `seconds`, or until this is destroyed.
  explicit Watchdog(unsigned seconds);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// What to print if time runs out. Cut off after some hundred characters.
  static void note(std::string_view what);
};

}  // namespace matrix
