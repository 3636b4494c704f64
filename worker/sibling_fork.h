// Forks a process that is a sibling of its maker.
//
// fork(2) makes a child of the caller. A worker that is forked from a template must be a child of
// the master, which watches, signals and reaps it: clone(2) with CLONE_PARENT makes it so. glibc
// has no function for that, so this one does what glibc's fork() does for a process with one
// thread: the thread's number, which glibc keeps, is made right, and the list of robust mutexes is
// registered again. malloc and stdio need nothing, since no other thread can hold their locks.
//
// What it does not do: handlers of pthread_atfork(3) are not called, neither in the caller nor in
// the new process. There is no way to call them.
#pragma once

#include <sys/types.h>

namespace phial::inline v1::detail {

/// Returns 0 in the new process, its number in the caller, and -1 with errno when there is none.
/// ENOSYS: the kernel cannot tell where the C library keeps the thread's number. EINVAL: this
/// process is the first of its PID namespace. REQUIRES: the process has one thread.
pid_t forkSibling() noexcept;

}  // namespace phial::inline v1::detail
