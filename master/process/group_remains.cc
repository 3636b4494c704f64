#include "master/process/group_remains.h"

#include <sys/wait.h>

#include <cerrno>

namespace phial::inline v1::detail {

bool reapGroup(pid_t group) {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_PGID, static_cast<id_t>(group), &info, WEXITED | WNOHANG) != 0) {
      if (errno == EINTR) continue;
      return false;  // ECHILD: none is left
    }
    if (info.si_pid == 0) return true;
  }
}

void waitForGroup(pid_t group) {
  while (reapGroup(group)) {
    siginfo_t info{};
    ::waitid(P_PGID, static_cast<id_t>(group), &info, WEXITED | WNOWAIT);
  }
}

}  // namespace phial::inline v1::detail
