#include "worker/sibling_fork.h"

#include <linux/prctl.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>

namespace phial::inline v1::detail {
namespace {

// The kernel knows both of this thread: the C library has told it when the thread began.
struct ThreadRecords {
  int* number = nullptr;  // where the C library keeps the thread's number
  void* robustMutexes = nullptr;
  std::size_t robustBytes = 0;

  bool read() noexcept {
    if (::prctl(PR_GET_TID_ADDRESS, &number) != 0 || number == nullptr) return false;
    return ::syscall(SYS_get_robust_list, 0, &robustMutexes, &robustBytes) == 0;
  }
  void registerAgain() const noexcept {
    ::syscall(SYS_set_robust_list, robustMutexes, robustBytes);
  }
};

// The system call, whose last two arguments change places among architectures.
pid_t cloneSibling(int* number) noexcept {
  constexpr unsigned long kFlags =
      CLONE_PARENT | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
#if defined(__x86_64__)
  return static_cast<pid_t>(::syscall(SYS_clone, kFlags, nullptr, nullptr, number, nullptr));
#else
  return static_cast<pid_t>(::syscall(SYS_clone, kFlags, nullptr, nullptr, nullptr, number));
#endif
}

}  // namespace

pid_t forkSibling() noexcept {
  ThreadRecords records;
  if (!records.read()) {
    errno = ENOSYS;
    return -1;
  }
  // No handler runs before the new process has its records.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = cloneSibling(records.number);
  const int error = errno;
  if (pid == 0) records.registerAgain();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

}  // namespace phial::inline v1::detail
