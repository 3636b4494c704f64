// The floor of every round trip between two processes: one byte there and back through two pipes.
#pragma once

#include <sys/types.h>

namespace perf {

/// A forked child that answers each byte. It ends with this object. REQUIRES: made before anything
/// that a copy of the process must not hold, such as a Reactor.
class PingPong {
 public:
  /// Ends the program with a message when the system refuses a pipe or a process.
  PingPong();
  ~PingPong();
  PingPong(const PingPong&) = delete;
  PingPong& operator=(const PingPong&) = delete;

  /// One blocking round trip. Returns the core on which the child was, modulo 256: a wake-up on
  /// the core of the waker costs a tenth of one on another, and the scheduler decides.
  unsigned char roundTrip();

 private:
  int toChild_;
  int fromChild_;
  pid_t child_;
};

}  // namespace perf
