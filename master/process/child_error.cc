#include "master/process/child_error.h"

namespace phial::inline v1::detail {

const char* name(ChildError::Step step) {
  using Step = ChildError::Step;
  switch (step) {
    case Step::kSetpgid:
      return "setpgid";
    case Step::kSetsid:
      return "setsid";
    case Step::kTerminal:
      return "ioctl TIOCSCTTY";
    case Step::kSetgroups:
      return "setgroups";
    case Step::kSetgid:
      return "setgid";
    case Step::kSetuid:
      return "setuid";
    case Step::kPdeathsig:
      return "prctl PR_SET_PDEATHSIG";
    case Step::kNice:
      return "nice";
    case Step::kAffinity:
      return "sched_setaffinity";
    case Step::kNoNewPrivileges:
      return "prctl PR_SET_NO_NEW_PRIVS";
    case Step::kCoreDumps:
      return "setrlimit RLIMIT_CORE";
    case Step::kFileSize:
      return "setrlimit RLIMIT_FSIZE";
    case Step::kOpenFiles:
      return "setrlimit RLIMIT_NOFILE";
    case Step::kCpuTime:
      return "setrlimit RLIMIT_CPU";
    case Step::kAddressSpace:
      return "setrlimit RLIMIT_AS";
    case Step::kChdir:
      return "chdir";
    case Step::kCloseRange:
      return "close_range";
    case Step::kDup:
      return "dup2";
    case Step::kLifeline:
      return "fcntl";
    case Step::kExec:
      return "execve";
  }
  return "spawn";
}

}  // namespace phial::inline v1::detail
