// What the kernel says of a process in /proc/PID/stat.
#pragma once

#include <sys/types.h>

#include <optional>

/// Some fields of proc(5)'s "pid (name) state ppid pgrp ...".
struct ProcessStat {
  /// 'R' runs, 'S' sleeps until something happens, 'Z' has ended and is not reaped, ...; of the
  /// process's first thread.
  char state;
  pid_t parent;
  pid_t group;
  /// Processor time of the process, in sysconf(_SC_CLK_TCK) a second.
  long userTicks;
  long systemTicks;
};

/// std::nullopt for a process that is gone.
std::optional<ProcessStat> statOf(pid_t pid);
