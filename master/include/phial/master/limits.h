// What a process is held to by the kernel, from its first instruction on.
//
// A limit is set between fork and exec, so that the program never runs without it, and is set as
// soft and hard limit at once, so that the program cannot raise it again. A limit that the kernel
// refuses (one above the spawner's own hard limit, a core that does not exist) is a SpawnError that
// names the step; a pool makes it StartupFailed. What a limit does is Linux's affair: setrlimit(2),
// sched(7), prctl(2). Limits of memory in use belong to control groups, which Phial does not make.
#pragma once

#include <phial/master/clock.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace phial {

enum class CoreDumps {
  inherit,  ///< as the spawner's own limit says: usually none, unless somebody wanted them
  off,      ///< none, not even one that the system hands to a program (core(5), "Piping")
  on,       ///< as large as the spawner's hard limit allows
};

/// Every default leaves the matter as the spawner has it, save that a pool's workers are nicer. The
/// fields are in the order in which a designated initialiser names them.
struct Limits {
  /// Of address space, RLIMIT_AS. What would go beyond is refused: in C++ std::bad_alloc, which
  /// fails a job that does not catch it, and the worker serves on. A job that dies
  /// of it instead gets WorkerDied with DeathCause::memory, as far as that can be told: the worker
  /// notes when operator new is refused, and when a crash finds ENOMEM in errno, as after malloc; a
  /// stack that cannot grow leaves no note.
  ///
  /// Price: address space is not memory in use. Code, mapped files, each thread's stack and heap
  /// arena (72 MiB a thread with glibc's defaults) count in full. A small worker begins with
  /// about 11 MiB. Programs built with a sanitizer need terabytes.
  std::optional<std::uint64_t> addressSpaceBytes = std::nullopt;

  /// Of processor time over the process's whole life, RLIMIT_CPU, rounded up to seconds; from 1 s.
  /// Then SIGXCPU, and SIGKILL one second of processor time later. In a pool that is the sum of all
  /// the jobs of a worker, and the one that runs at the end fails with WorkerDied: it guards
  /// against runaways. JobOptions::timeout is what limits a single job.
  std::optional<Duration> cpuTime = std::nullopt;

  /// One more than the highest descriptor, RLIMIT_NOFILE. What would open one more fails with
  /// EMFILE. A worker itself uses about 10, and one for each SharedArray that it holds.
  std::optional<std::uint64_t> openFiles = std::nullopt;

  /// Of any file that is written, memory files included, RLIMIT_FSIZE. Then SIGXFSZ, or EFBIG where
  /// that is ignored. Pipes have no size.
  std::optional<std::uint64_t> fileSizeBytes = std::nullopt;

  /// Default inherit: whether cores are wanted is for whoever runs the program to say. Price of a
  /// core: the process's memory, written to disk before its death is known and its successor
  /// started.
  CoreDumps coreDumps = CoreDumps::inherit;

  /// Added to the spawner's niceness: in a pool from 0 to 39, in spawnProcess below zero with a
  /// privilege. Not set, the default, means 10 in a pool, or none where the system refuses that (a
  /// seccomp filter such as systemd's ~@resources), which is said in the log; in spawnProcess it
  /// means 0. One that is set and refused is an error. Why 10: with more busy workers than cores
  /// the scheduler otherwise lets the master's loop wait for milliseconds. Price: where the machine
  /// does other work, jobs yield to it. Measured with twice as many busy workers as cores, p99 of a
  /// 5 ms heartbeat, median of several runs: 2.1 ms at 5, 0.5 ms at 10, 0.8 ms at 19. For the same
  /// reason a worker takes turns of 10 ms at the processor (its first thread does, from Linux 6.12
  /// on).
  std::optional<int> niceness = std::nullopt;

  /// The only cores it may run on, by the kernel's numbers. Default empty: the spawner's. All must
  /// be there and allowed. In a pool every worker gets the same set, and `max` does not follow it.
  std::vector<int> affinity = {};

  /// True: neither it nor what it starts can gain privileges by a set-user-id program or a file's
  /// capabilities, PR_SET_NO_NEW_PRIVS. Default false.
  bool noNewPrivileges = false;
};

}  // namespace phial
