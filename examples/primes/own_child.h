// A child process that the host program started and looks after by itself, as it did before there
// was a pool.
#pragma once

#include <sys/types.h>

class OwnChild {
 public:
  /// Starts `/bin/date`, whose line on stdout says when the server came up. Throws
  /// std::system_error.
  OwnChild();
  /// Waits for the child if it is still there.
  ~OwnChild();
  OwnChild(const OwnChild&) = delete;
  OwnChild& operator=(const OwnChild&) = delete;

  /// To be called at SIGCHLD: reaps the child if it has ended, and says so on stdout.
  void reap();

 private:
  void reapWith(int waitFlags);

  pid_t pid_ = 0;  // 0 once it is reaped
};
