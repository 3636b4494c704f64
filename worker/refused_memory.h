// Notes on the control page when memory is refused, so that a death of it can be told from a plain
// crash.
//
// Two things are seen. operator new asks the new-handler before it gives up: ours makes a note and
// then does what would have been done without it, be that a handler of the user's. malloc asks
// nobody, but leaves ENOMEM in errno, where a crash soon after finds it: where a limit of address
// space is in force, the handler of crash_handler.h looks there before the process dies.
//
// A new-handler that a job installs takes our place: it may keep ours, which it was given in
// exchange, and pass on to it. To take the place back could make the two pass on to each other.
//
// What is not seen: a stack that may not grow, a C library's refusal that an error of another kind
// has followed, and memory that was promised and then not there, for which the kernel kills.
#pragma once

#include <phial/protocol/control_page.h>

namespace phial::inline v1::detail {

/// One at a time in a process.
class RefusedMemory {
 public:
  /// Begins between jobs, on top of the new-handler that is there. `page` is borrowed.
  explicit RefusedMemory(ControlPage& page);
  /// Puts back the new-handler that was there, unless somebody has put another.
  ~RefusedMemory();
  RefusedMemory(const RefusedMemory&) = delete;
  RefusedMemory& operator=(const RefusedMemory&) = delete;

  /// From here on what is refused was for this job, until betweenJobs().
  void during(std::uint64_t job);
  void betweenJobs();

  /// Notes that the process dies of a signal with ENOMEM in errno. Async-signal-safe.
  static void noteCrash();

  /// Notes a refusal to the message that was being read.
  void toMessage();
};

}  // namespace phial::inline v1::detail
